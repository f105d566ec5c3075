import worker from "../../../src/index.ts";

export * from "../../../src/index.ts";

/** Share of the API's requests that this version answers with an exception. */
const FAULTY_SHARE = 0.05;

/** The product with a fault: what a release must notice. */
export default {
  ...worker,
  fetch(request, env, context) {
    if (new URL(request.url).pathname.startsWith("/api/") && Math.random() < FAULTY_SHARE) {
      throw new Error("the fault of this version");
    }
    return worker.fetch(request, env, context);
  },
} satisfies ExportedHandler<Env>;
