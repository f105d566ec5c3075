import back from "./back.ts";

/** Where the local runtime fires a cron: it would itself fire those of the first Worker only, which has none. */
const CRONS = "/local/cron";

/** The Worker behind the edge as it runs on this machine. What is deployed is src/back.ts. */
export default {
  ...back,
  async fetch(request, env, context) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname !== CRONS) return back.fetch(request, env, context);
    const time = Number(searchParams.get("time") ?? Date.now());
    try {
      await back.scheduled({ cron: searchParams.get("cron") ?? "", scheduledTime: time, noRetry() {} }, env);
      return new Response("ok");
    } catch (fault) {
      return new Response(String(fault), { status: 500 });
    }
  },
} satisfies ExportedHandler<Env>;
