// Its own file: only who begins with it loads it.
import sample from "../../../../../samples/algorithms/course.json" with { type: "json" };

/** The course that comes with Latchkey. */
export { sample };
