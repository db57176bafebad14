"""Every failure a user can act on: one class per cause, each with its own exit code.

A message says what failed, what that usually means, and the line of YAML, IAM or shell that mends it. Only
`__main__` catches these. An exception of any other class is a fault of ours and exits with 1.
"""

from collections.abc import Sequence


class MwaaDeployError(Exception):
    """Base of all failures with advice.

    Args:
        what: what failed, with the names involved.
        meaning: what that usually means; may be empty.
        mend: the line of YAML, IAM or shell that mends it; may be empty.
    """

    exit_code = 1
    title = "Failed"

    def __init__(self, what: str, *, meaning: str = "", mend: str = "") -> None:
        self.what = what
        self.meaning = meaning
        self.mend = mend
        super().__init__("\n".join(text for text in (what, meaning, mend and f"To mend it:\n{mend}") if text))


# -- what the user wrote ------------------------------------------------------------------------------------------


class InputsInvalid(MwaaDeployError):
    """Inputs are missing, malformed or contradict each other; all of them are reported together."""

    exit_code = 10
    title = "Inputs are not usable"

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        lines = "\n".join(f"- {problem}" for problem in problems)
        super().__init__(f"{len(self.problems)} problem(s) with the inputs:\n{lines}")


class DagFolderMissing(MwaaDeployError):
    """There is no DAG folder where one was expected."""

    exit_code = 11
    title = "No DAG folder"


class DagFolderEmpty(MwaaDeployError):
    """The DAG folder holds no file that could be a DAG; deploying it would delete every DAG."""

    exit_code = 12
    title = "The DAG folder is empty"


class TemplateInvalid(MwaaDeployError):
    """The CloudFormation template does not parse, or is not one."""

    exit_code = 13
    title = "The template does not parse"


class ParametersInvalid(MwaaDeployError):
    """The parameters file does not parse, or has none of the known forms."""

    exit_code = 14
    title = "The parameters file does not parse"


class ParametersUnknown(MwaaDeployError):
    """The parameters file names keys that the template lacks, or the template's required ones are not given."""

    exit_code = 15
    title = "Parameters and template disagree"


class TemplateLacksVersions(MwaaDeployError):
    """The project has a part whose object version the template gives no parameter for."""

    exit_code = 16
    title = "The template takes no object version"


class ProjectFileMissing(MwaaDeployError):
    """A file or folder that an input names does not exist."""

    exit_code = 17
    title = "A file is missing"


class RepositoryUnreadable(MwaaDeployError):
    """The workspace is not a git checkout that can be read."""

    exit_code = 18
    title = "Not a git checkout"


class GitHubUnavailable(MwaaDeployError):
    """GitHub's API refused or did not answer."""

    exit_code = 19
    title = "GitHub's API did not answer"


class CommentRefused(MwaaDeployError):
    """The token may not write comments on pull requests."""

    exit_code = 85
    title = "The comment was refused"


class ReportForeign(MwaaDeployError):
    """The report that a comment is to be made of is none of ours, or no other workflow has started this one."""

    exit_code = 86
    title = "The report is not usable"


class BaseMissing(MwaaDeployError):
    """What the input `base` names is neither in the checkout nor at the remote."""

    exit_code = 31
    title = "The base does not exist"


class ConfigInvalid(MwaaDeployError):
    """The configuration file says something that cannot be meant; all problems are reported together.

    Each with its line, counted from 1; 0 where it is about the file.
    """

    exit_code = 27
    title = "The configuration file is not usable"

    def __init__(self, name: str, problems: Sequence[tuple[int, str]]) -> None:
        self.problems = tuple(problems)
        lines = "\n".join(f"- line {line}: {problem}" if line else f"- {problem}" for line, problem in problems)
        super().__init__(f"{len(self.problems)} problem(s) in {name}:\n{lines}")


class FileRefused(MwaaDeployError):
    """A file of the project cannot be shipped: a link that leaves its folder, a name that is not UTF-8."""

    exit_code = 25
    title = "A file cannot be shipped"


class ReportNotWritten(MwaaDeployError):
    """The files of the report cannot be written."""

    exit_code = 32
    title = "No report"


# -- where the checks run -----------------------------------------------------------------------------------------


class EngineUnavailable(MwaaDeployError):
    """No Docker Engine answers, or it is too old."""

    exit_code = 20
    title = "No Docker Engine"


class RunnerImageUnusable(MwaaDeployError):
    """The runner image cannot be pulled or built, or has no Airflow of the asked version in it."""

    exit_code = 21
    title = "The runner image is not usable"


class ImageNotPushed(MwaaDeployError):
    """The registry does not take the runner image."""

    exit_code = 28
    title = "The runner image cannot be pushed"


class ImageRepositoryMissing(MwaaDeployError):
    """The registry has no repository for the runner image, and it was not asked for to make one."""

    exit_code = 29
    title = "No repository for the runner image"


class PythonMissing(MwaaDeployError):
    """No Python of the version MWAA uses was found for the virtual environment."""

    exit_code = 22
    title = "No Python of the right version"


class RunnerBroken(MwaaDeployError):
    """The runner died, or could not be set up, half-way."""

    exit_code = 23
    title = "The runner broke"


class AirflowVersionUnknown(MwaaDeployError):
    """There is no lock file for the asked Airflow version."""

    exit_code = 24
    title = "Unknown Airflow version"


class RunnerUnconfined(MwaaDeployError):
    """This host has no way to keep the user's code from the job around it."""

    exit_code = 26
    title = "The project's code cannot be confined"


class ChecksFailed(MwaaDeployError):
    """At least one verdict is a failure. Nothing in AWS has been touched."""

    exit_code = 30
    title = "Checks failed"


# -- credentials --------------------------------------------------------------------------------------------------


class OidcUnavailable(MwaaDeployError):
    """The job may not ask for an OIDC token, or the issuer did not answer."""

    exit_code = 40
    title = "No OIDC token"


class RoleRefused(MwaaDeployError):
    """STS refused to let this workflow assume the role."""

    exit_code = 41
    title = "The role may not be assumed"


class CredentialsMissing(MwaaDeployError):
    """There is neither a role to assume nor are there credentials in the environment."""

    exit_code = 42
    title = "No AWS credentials"


class AwsAccessDenied(MwaaDeployError):
    """The credentials work, but may not do what is needed."""

    exit_code = 43
    title = "AWS denied access"


class AwsUnavailable(MwaaDeployError):
    """AWS did not answer, or answered with a fault of its own, more often than retries cover."""

    exit_code = 44
    title = "AWS did not answer"


class AwsRefused(MwaaDeployError):
    """AWS understood the request and refused it, for a reason other than permissions."""

    exit_code = 45
    title = "AWS refused the request"


class CredentialsRejected(MwaaDeployError):
    """AWS does not accept the credentials: they have expired, are switched off or mistyped."""

    exit_code = 46
    title = "AWS rejects the credentials"


class AccountRefused(MwaaDeployError):
    """The credentials belong to an account that the run may not touch."""

    exit_code = 47
    title = "The account is not allowed"


# -- the target ---------------------------------------------------------------------------------------------------


class BucketMissing(MwaaDeployError):
    """The bucket does not exist."""

    exit_code = 50
    title = "The bucket does not exist"


class BucketUnversioned(MwaaDeployError):
    """The bucket has no versioning; MWAA cannot read plugins, requirements or a startup script from it."""

    exit_code = 51
    title = "The bucket is not versioned"


class BucketPublic(MwaaDeployError):
    """Public access to the bucket is not blocked; MWAA refuses such a bucket."""

    exit_code = 52
    title = "The bucket may be public"


class UploadFailed(MwaaDeployError):
    """An object did not arrive as it was sent."""

    exit_code = 53
    title = "The upload failed"


class RecordUnreadable(MwaaDeployError):
    """The record at the target is not one of ours."""

    exit_code = 54
    title = "The record cannot be read"


class ObjectChanged(MwaaDeployError):
    """An object is not what it was when it was read, so that it was not overwritten."""

    exit_code = 55
    title = "An object was changed by somebody else"


class LockHeld(MwaaDeployError):
    """Another deployment holds the target's lock, and went on for longer than the time allowed."""

    exit_code = 56
    title = "Another deployment holds the lock"


class LockLost(MwaaDeployError):
    """Another deployment has taken the target's lock over while this one was still at work."""

    exit_code = 57
    title = "The lock was lost"


class CommitOutdated(MwaaDeployError):
    """The target has a newer commit than the one to be deployed."""

    exit_code = 58
    title = "The target has a newer commit"


class BucketElsewhere(MwaaDeployError):
    """The bucket is another account's, or lies in another Region than the environment."""

    exit_code = 48
    title = "The bucket is not where it should be"


class PlanOutdated(MwaaDeployError):
    """The saved plan is not what a deployment would do now: the target has moved, or the commit is another."""

    exit_code = 59
    title = "The saved plan is outdated"


class StackBusy(MwaaDeployError):
    """Another operation is running on the stack, and went on for longer than the time allowed."""

    exit_code = 60
    title = "The stack is busy"


class StackUnusable(MwaaDeployError):
    """The stack is in a state from which no change set can be executed."""

    exit_code = 61
    title = "The stack cannot be updated"


class ChangeSetFailed(MwaaDeployError):
    """CloudFormation could not make a change set of the template and parameters."""

    exit_code = 62
    title = "The change set failed"


class StackUpdateFailed(MwaaDeployError):
    """The stack operation failed; the first cause is named."""

    exit_code = 63
    title = "The stack update failed"


class StackWaitTimedOut(MwaaDeployError):
    """The stack operation is still running after the time allowed."""

    exit_code = 64
    title = "The stack is still updating"


class ReplacementRefused(MwaaDeployError):
    """Executing the change set would replace or remove the environment, and with it its metadata database."""

    exit_code = 65
    title = "The environment would be replaced"


class DeletionRefused(MwaaDeployError):
    """The deployment would delete more DAG files than it may, or files that are somebody else's."""

    exit_code = 66
    title = "Too many DAG files would be deleted"


class OverwriteRefused(MwaaDeployError):
    """The deployment would give other content to DAG files that were deployed to another target."""

    exit_code = 84
    title = "DAG files of another target would be overwritten"


class StackRecoveryRefused(MwaaDeployError):
    """The stack is in a state from which only its deletion, or somebody's own hand, leads on."""

    exit_code = 67
    title = "The stack has to be recovered first"


class EnvironmentMissing(MwaaDeployError):
    """There is no MWAA environment where one should be."""

    exit_code = 70
    title = "No MWAA environment"


class EnvironmentUpdateFailed(MwaaDeployError):
    """MWAA rolled the update back, or the environment is broken."""

    exit_code = 71
    title = "The environment update failed"


class EnvironmentWaitTimedOut(MwaaDeployError):
    """The environment is still updating after the time allowed."""

    exit_code = 72
    title = "The environment is still updating"


class VerificationFailed(MwaaDeployError):
    """What is live differs from what was deployed."""

    exit_code = 73
    title = "What is live differs"


class EnvironmentBusy(MwaaDeployError):
    """Something else than this deployment is still changing the environment after the time allowed."""

    exit_code = 74
    title = "The environment is busy"


class TasksRunning(MwaaDeployError):
    """Tasks run on the workers that a forced replacement would stop."""

    exit_code = 80
    title = "Tasks are running"


# -- roll-back and drift ------------------------------------------------------------------------------------------


class RollbackImpossible(MwaaDeployError):
    """There is no record of what should be rolled back to, or what it names is gone from the bucket."""

    exit_code = 75
    title = "The roll-back is not possible"


class PromotionRefused(MwaaDeployError):
    """The target that artefacts are promoted from does not hold this commit, verified."""

    exit_code = 82
    title = "Nothing to promote"


class DriftFound(MwaaDeployError):
    """The target is not as the last deployment left it."""

    exit_code = 81
    title = "The target has drifted"


# -- the live Airflow ---------------------------------------------------------------------------------------------


class DagsMissingLive(MwaaDeployError):
    """The live Airflow does not list DAGs that were deployed."""

    exit_code = 76
    title = "DAGs are missing in the live Airflow"


class DagsBrokenLive(MwaaDeployError):
    """The live Airflow cannot import DAG files that were deployed."""

    exit_code = 77
    title = "DAGs are broken in the live Airflow"


class InstallationFailedLive(MwaaDeployError):
    """The environment's containers could not install the requirements, or not run the startup script."""

    exit_code = 78
    title = "The installation failed in the environment"


class SmokeRunFailed(MwaaDeployError):
    """A DAG that was run to try the deployment did not end well, or could not be run."""

    exit_code = 79
    title = "The smoke run failed"


class LiveAirflowUnreachable(MwaaDeployError):
    """The live Airflow's REST API may not be asked, or does not answer."""

    exit_code = 83
    title = "The live Airflow cannot be asked"
