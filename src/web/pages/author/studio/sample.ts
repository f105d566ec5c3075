// A separate file, so that only authors who begin with the sample load it.
import sample from "../../../../../samples/algorithms/course.json" with { type: "json" };

/** The course that comes with Latchkey. */
export { sample };
