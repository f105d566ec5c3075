import type { StoredTranslationTask } from "../api-types.ts";
import type { LatchkeyClient } from "../create-client.ts";
import { type LatchkeyProblem, noAnswer, problemOf } from "../rest/result.ts";

/** The stream ended before its last line: the received lines are right but not complete. Restore again. */
export class RestoreCutError extends Error {
  override readonly name = "RestoreCutError";
}

/** The server did not answer, or refused; `problem` says why. */
export class RestoreRefusedError extends Error {
  override readonly name = "RestoreRefusedError";
  readonly problem: LatchkeyProblem;

  constructor(problem: LatchkeyProblem) {
    super(problem.title);
    this.problem = problem;
  }
}

type Line = { session: unknown } | { task: StoredTranslationTask } | { end: true; tasks: number };

/**
 * The pending and processing tasks of a session, in the order of their positions, one at a time as they arrive. So a
 * session may have any size.
 *
 * @throws RestoreRefusedError, or RestoreCutError if the stream ends early.
 */
export async function* restoreSession(
  client: LatchkeyClient,
  session: string,
  options: { fetch?: typeof fetch; signal?: AbortSignal } = {},
): AsyncGenerator<StoredTranslationTask, void, undefined> {
  const { signal } = options;
  const send = options.fetch ?? globalThis.fetch;
  const token = await client.getToken();
  const url = `${client.baseUrl.replace(/\/+$/, "")}/api/v1/translation/recovery/restore/${encodeURIComponent(session)}`;
  const response = await send(url, {
    method: "POST",
    headers: token === null ? {} : { authorization: `Bearer ${token}` },
    ...(signal === undefined ? {} : { signal }),
  }).catch((fault: unknown) => {
    throw new RestoreRefusedError(noAnswer(fault, signal));
  });
  if (!response.ok || response.body === null) throw new RestoreRefusedError(await problemOf(response, Date.now()));
  let count = 0;
  for await (const text of linesOf(response.body)) {
    // SAFETY: this API writes these lines in this form.
    const line = JSON.parse(text) as Line;
    if ("task" in line) {
      count += 1;
      yield line.task;
    } else if ("end" in line) {
      if (line.tasks === count) return;
      break;
    }
  }
  throw new RestoreCutError(`the stream was cut after ${count} tasks`);
}

async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string, void, undefined> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const lines = (rest + decoder.decode(value, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      yield* lines;
    }
  } catch (fault) {
    throw new RestoreCutError("the connection broke", { cause: fault });
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
