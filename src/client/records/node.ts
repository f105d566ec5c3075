// The entry "@latchkey/client/node": parts that need Node.
export { fileSpool, SpoolInUseError } from "./file-spool.ts";
