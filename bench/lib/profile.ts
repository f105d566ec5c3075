import { z } from "zod";

/** Sampling interval of a profile, microseconds. */
const INTERVAL_US = 200;

const targetsSchema = z.array(z.looseObject({ id: z.string(), webSocketDebuggerUrl: z.string() }));
const frameSchema = z.object({ functionName: z.string(), url: z.string(), lineNumber: z.int(), columnNumber: z.int() });
const profileSchema = z.object({
  nodes: z.array(
    z.object({
      id: z.int(),
      callFrame: frameSchema,
      hitCount: z.int().optional(),
      children: z.array(z.int()).optional(),
    }),
  ),
});
export type CpuProfile = z.infer<typeof profileSchema>;

/**
 * Records a CPU profile of one Worker of a server started with `inspect`, while `work` runs.
 * @returns the profile as V8 gives it: it opens in any DevTools.
 */
export async function profile(
  inspectorPort: number,
  worker: string,
  work: () => Promise<unknown>,
): Promise<CpuProfile> {
  const targets = targetsSchema.parse(await (await fetch(`http://127.0.0.1:${inspectorPort}/json`)).json());
  const target = targets.find(({ id }) => id.includes(worker));
  if (target === undefined) throw new Error(`no inspector target for ${worker}: ${JSON.stringify(targets)}`);
  const socket = new WebSocket(target.webSocketDebuggerUrl.replace("localhost", "127.0.0.1"));
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve);
    socket.addEventListener("error", () => reject(new Error("the inspector refused the connection")));
  });
  let last = 0;
  const call = (method: string, params: object = {}) => {
    last += 1;
    const id = last;
    return new Promise<unknown>((resolve) => {
      const onMessage = ({ data }: MessageEvent) => {
        const message = z
          .looseObject({ id: z.int().optional(), result: z.unknown().optional() })
          .parse(JSON.parse(String(data)));
        if (message.id !== id) return;
        socket.removeEventListener("message", onMessage);
        resolve(message.result);
      };
      socket.addEventListener("message", onMessage);
      socket.send(JSON.stringify({ id, method, params }));
    });
  };
  await call("Profiler.enable");
  await call("Profiler.setSamplingInterval", { interval: INTERVAL_US });
  await call("Profiler.start");
  await work();
  const result = z.object({ profile: profileSchema }).parse(await call("Profiler.stop"));
  socket.close();
  return result.profile;
}

/** Share of the samples by function, largest first. */
export function selfTimes({ nodes }: CpuProfile): { name: string; share: number }[] {
  const hits = new Map<string, number>();
  let total = 0;
  for (const { callFrame, hitCount = 0 } of nodes) {
    const place = callFrame.url === "" ? "" : `:${callFrame.lineNumber + 1}:${callFrame.columnNumber + 1}`;
    const name = `${callFrame.functionName || "(anonymous)"}${place}`;
    hits.set(name, (hits.get(name) ?? 0) + hitCount);
    total += hitCount;
  }
  return [...hits].map(([name, count]) => ({ name, share: count / total })).sort((a, b) => b.share - a.share);
}
