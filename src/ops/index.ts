/** The public API of the operations room. */
export { resumeMoves } from "./shards/work.ts";
