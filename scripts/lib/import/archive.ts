import { createHash, randomUUID } from "node:crypto";
import { openAsBlob } from "node:fs";
import { stat, writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { PARTS_FROM, type PartsTransport, uploadInParts } from "../../../src/client/upload-parts.ts";
import { ImportError, list, reason, refused, say, UsageError } from "./report.ts";
import { type Server, tokenFor } from "./server.ts";

export interface ArchiveRequest extends Server {
  format: string;
  /** An archive; a folder has to be packed first. */
  source: string;
  course: string | undefined;
  report: string | undefined;
  /** Archives of more bytes go in parts; default as the page has it. */
  partsFrom?: number;
}

/** Time between two looks at an import, milliseconds. */
const LOOK_MS = 1_000;

const importSchema = z.looseObject({
  id: z.string(),
  state: z.enum(["queued", "reading", "checking", "done", "failed"]),
  course: z.string(),
  size: z.int(),
  bytes_read: z.int(),
  version: z.int().nullable(),
  counts: z.looseObject({ exact: z.int(), approximated: z.int(), unmapped: z.int() }).nullable(),
  errors: z.array(z.object({ path: z.string(), rule: z.string(), message: z.string() })),
});
type Import = z.infer<typeof importSchema>;

/** An answer that is no success. */
class Refusal extends Error {
  readonly status: number;
  readonly body: unknown;
  constructor(status: number, body: unknown) {
    super(`the server answers ${status}`);
    this.status = status;
    this.body = body;
  }
}

/**
 * Sends an archive to the server, which makes a draft of it, files included. Nothing is published. A large one goes in
 * parts, and what broke off is carried on with by the same command.
 * @returns the import, once it has ended.
 */
export async function runArchive(request: ArchiveRequest): Promise<unknown> {
  const { source, format, course, url, partsFrom = PARTS_FROM } = request;
  if (course === undefined) throw new UsageError("--draft needs --course.");
  const found = await stat(source).catch((fault: unknown) => {
    throw new ImportError(`${source} cannot be read: ${reason(fault)}.`);
  });
  if (found.isDirectory()) throw new ImportError(`${source} is a folder. --draft sends an archive.`);
  const name = basename(source);
  const token = await tokenFor(request, "admin", "importer");
  const send = sender(url, token);
  const archive = await openAsBlob(source);
  const announced = { format, course, name };
  say(`send     ${source}, ${archive.size} bytes${archive.size > partsFrom ? ", in parts" : ""}`);
  const begin = async (key: string): Promise<Import> => {
    if (archive.size <= partsFrom) {
      const search = new URLSearchParams(announced);
      return importSchema.parse(await send("POST", `/courses/imports?${search}`, { bytes: archive }));
    }
    const onProgress = (done: number, size: number) => say(`sent     ${done} of ${size} bytes`);
    return importSchema.parse(await uploadInParts({ send, isPassing, onProgress }, archive, announced, key));
  };
  try {
    // The same file for the same course is the same upload, while it is under way; afterwards it is another import.
    const own = createHash("sha256").update(JSON.stringify([announced, found.size, found.mtimeMs, found.ino]));
    let begun = await begin(own.digest("hex"));
    if (begun.state === "done" || begun.state === "failed") begun = await begin(randomUUID());
    const ended = await waitFor(send, begun);
    if (request.report !== undefined) await keepReport(send, ended.id, request.report);
    if (ended.state === "failed") throw new ImportError(`${source} was not imported.`, ended.errors);
    return ended;
  } catch (fault) {
    if (fault instanceof Refusal) {
      throw refused("Importing", { request: "", headers: new Headers(), status: fault.status, body: fault.body });
    }
    if (fault instanceof TypeError) throw new ImportError(`${url} does not answer: ${reason(fault)}.`);
    throw fault;
  }
}

async function waitFor(send: PartsTransport["send"], begun: Import): Promise<Import> {
  let last = "";
  for (let now = begun; ; now = importSchema.parse(await read(send, begun.id, ""))) {
    const line = `${now.state.padEnd(8)} ${now.bytes_read} of ${now.size} bytes read`;
    if (line !== last) say(line);
    last = line;
    if (now.state === "done" || now.state === "failed") {
      if (now.counts !== null) {
        const { exact, approximated, unmapped } = now.counts;
        say(`verdicts ${exact} exact, ${approximated} approximated, ${unmapped} unmapped`);
      }
      if (now.version !== null) say(`draft    version ${now.version} of ${now.course}; nobody sees it yet`);
      list(now.errors, "!");
      return now;
    }
    await sleep(LOOK_MS);
  }
}

const read = (send: PartsTransport["send"], id: string, rest: string) =>
  // SAFETY: the transport sends what it is given; a read is a request without a body.
  send("GET" as "POST", `/courses/imports/${id}${rest}`, null);

async function keepReport(send: PartsTransport["send"], id: string, file: string): Promise<void> {
  try {
    await writeFile(file, `${JSON.stringify(await read(send, id, "/report"), null, 2)}\n`);
  } catch (fault) {
    if (fault instanceof Refusal) return say("report   there is none");
    throw new ImportError(`${file} cannot be written: ${reason(fault)}.`);
  }
  say(`report   ${file}`);
}

function isPassing(fault: unknown): boolean {
  return fault instanceof TypeError || (fault instanceof Refusal && (fault.status >= 500 || fault.status === 429));
}

function sender(url: string, token: string): PartsTransport["send"] {
  return async (method, path, body) => {
    const [type, content, key] =
      body === null
        ? [null, null, null]
        : "bytes" in body
          ? ["application/octet-stream", body.bytes, null]
          : ["application/json", JSON.stringify(body.json), body.key];
    const answer = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(type === null ? {} : { "content-type": type }),
        ...(key === null ? {} : { "idempotency-key": key }),
      },
      body: content,
    });
    const text = await answer.text();
    const parsed: unknown = text === "" ? null : JSON.parse(text);
    if (!answer.ok) throw new Refusal(answer.status, parsed);
    return parsed;
  };
}
