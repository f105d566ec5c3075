import worker from "../../../src/back.ts";

export * from "../../../src/index.ts";

/** Of so many of the API's requests this version answers one with an exception: not by chance, so that each run is alike. */
const FAULTY_EVERY = 20;
let asked = 0;

/** The product with a fault: what a release must notice. */
export default {
  ...worker,
  fetch(request, env, context) {
    if (new URL(request.url).pathname.startsWith("/api/")) asked += 1;
    if (asked === FAULTY_EVERY) {
      asked = 0;
      throw new Error("the fault of this version");
    }
    return worker.fetch(request, env, context);
  },
} satisfies ExportedHandler<Env>;
