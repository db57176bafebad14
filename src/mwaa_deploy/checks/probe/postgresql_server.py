"""A PostgreSQL server of this project's own, until it is told to stop.

    python postgresql_server.py --binaries DIR --folder DIR --stop FILE --result FILE

Runs inside the runner; standard library only, Python 3.7 and later. It listens on a Unix socket in the folder only, so
that it is reached from commands in other network namespaces, and without a network. It ends once the stop file is
there. RESULT says how it stands: {"ready": bool, "problem": what went wrong, or null}
"""

import argparse
import json
import os
import pwd
import socket
import subprocess
import sys
import time

PORT = 5432
_PATIENCE = 60.0
_SETTINGS = """
listen_addresses = ''
max_connections = 64
shared_buffers = 32MB
shared_memory_type = mmap
dynamic_shared_memory_type = mmap
# The data need not outlive this run.
fsync = off
synchronous_commit = off
full_page_writes = off
autovacuum = off
"""


def say(path, ready, problem=None):
    """Write the result file anew."""
    with open(path + ".part", "w", encoding="utf-8") as file:
        json.dump({"ready": ready, "problem": problem}, file)
    os.replace(path + ".part", path)


def known_user():
    """What to put before a command that insists on a name for its user, where the runner's user has none."""
    try:
        pwd.getpwuid(os.geteuid())
    except KeyError:
        uid = next((user.pw_uid for user in pwd.getpwall() if user.pw_uid), None)
        return [] if uid is None else ["unshare", "--user", "--map-user=%d" % uid, "--"]
    return []


def make(binaries, folder):
    """Make an empty database cluster; the problem, or None."""
    argv = [os.path.join(binaries, "initdb"), "--pgdata", os.path.join(folder, "data"), "--username", "airflow"]
    argv += ["--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--no-sync"]
    try:
        done = subprocess.run(known_user() + argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    except OSError as error:
        return "initdb: %s" % error
    if done.returncode:
        return done.stdout.decode("utf-8", "replace")[-2000:]
    with open(os.path.join(folder, "data", "postgresql.conf"), "a", encoding="utf-8") as file:
        file.write(_SETTINGS + "unix_socket_directories = '%s'\n" % folder.replace("'", "''"))
    return None


def answers(folder):
    """Whether somebody listens on the socket."""
    client = socket.socket(socket.AF_UNIX)
    try:
        client.connect(os.path.join(folder, ".s.PGSQL.%d" % PORT))
    except OSError:
        return False
    finally:
        client.close()
    return True


def serve(options):
    """Run the server until it ends or is to end."""
    argv = [os.path.join(options.binaries, "postgres"), "-D", os.path.join(options.folder, "data")]
    server = subprocess.Popen(argv, stdin=subprocess.DEVNULL)
    until = time.monotonic() + _PATIENCE
    while server.poll() is None and not answers(options.folder) and time.monotonic() < until:
        time.sleep(0.05)
    if server.poll() is not None or not answers(options.folder):
        server.kill()
        say(options.result, False, "the server does not start")
        return 1
    say(options.result, True)
    while server.poll() is None and not os.path.exists(options.stop):
        time.sleep(0.2)
    if server.poll() is not None:
        say(options.result, False, "the server ended by itself with status %d" % server.returncode)
        return 1
    server.kill()
    server.wait()
    return 0


def main():
    """Make a cluster and serve it."""
    parser = argparse.ArgumentParser()
    for name in ("binaries", "folder", "stop", "result"):
        parser.add_argument("--" + name, required=True)
    options = parser.parse_args()
    os.makedirs(options.folder, mode=0o700, exist_ok=True)
    problem = make(options.binaries, options.folder)
    if problem:
        say(options.result, False, problem)
        return 1
    return serve(options)


if __name__ == "__main__":
    sys.exit(main())
