import back from "../../../src/local-back.ts";

// Both Workers in one: the objects of the edge, and the whole API, the queues and the crons of the one behind it.

export * from "../../../src/index.ts";
export default back;
