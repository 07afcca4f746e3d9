// Writes what the parser says of an AsyncAPI document, hints included, as JSON.
import { readFileSync } from "node:fs";
import { Parser } from "@asyncapi/parser";

const [source] = process.argv.slice(2);
const { document, diagnostics } = await new Parser().parse(readFileSync(source, "utf8"), { source });
const problems = diagnostics.map(({ code, message, path, severity }) => ({ code, message, path, severity }));
process.stdout.write(JSON.stringify({ parsed: document !== undefined, problems }));
