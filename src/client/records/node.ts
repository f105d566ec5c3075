// The entry "@latchkey/client/node": what only Node has.
export { fileSpool, SpoolInUseError } from "./file-spool.ts";
