import worker from "../../../src/index.ts";
import { checkedAnswer } from "./declared-answers.ts";

export * from "../../../src/index.ts";

/** The Worker as it is; each answer is compared with what the API declares, see {@link checkedAnswer}. */
export default {
  ...worker,
  async fetch(request, env, context) {
    return checkedAnswer(request, await worker.fetch(request, env, context));
  },
} satisfies ExportedHandler<Env>;
