import { toInstant } from "../platform/instants.ts";
import { logFault } from "../platform/log.ts";
import type { PersonalDataSource } from "./source.ts";

/**
 * Characters that are collected before they are sent on: lines are short, and each chunk costs the reader something.
 */
const CHUNK_CHARACTERS = 32_768;

/**
 * Everything held about a user as lines of JSON, each with its `source` and `kind`. A piece is read after the reader
 * has read the piece before, so memory stays small. The last line has the number of lines: a reader who does not see it
 * knows that the export was cut.
 */
export function exportStream(
  env: Env,
  user: string,
  sources: readonly PersonalDataSource[],
  now: number,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const lines = linesOf(env, user, sources, now);
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        let chunk = "";
        while (chunk.length < CHUNK_CHARACTERS) {
          const next = await lines.next();
          if (next.done === true) {
            if (chunk !== "") controller.enqueue(encoder.encode(chunk));
            return controller.close();
          }
          chunk += `${JSON.stringify(next.value)}\n`;
        }
        controller.enqueue(encoder.encode(chunk));
      } catch (fault) {
        logFault("export_cut", fault, { user_id: user });
        controller.error(new Error("the export was cut"));
      }
    },
    async cancel() {
      await lines.return(undefined);
    },
  });
}

async function* linesOf(
  env: Env,
  user: string,
  sources: readonly PersonalDataSource[],
  now: number,
): AsyncGenerator<object, void, undefined> {
  yield { kind: "export", user_id: user, at: toInstant(now), sources: sources.map(({ name }) => name) };
  let records = 0;
  for (const source of sources) {
    for await (const record of source.export(env, user)) {
      records += 1;
      yield { source: source.name, ...record };
    }
  }
  yield { kind: "end", records };
}
