import { PARTS_FROM, type PartsTransport, randomId, uploadInParts } from "../../client/index.ts";
import { dropText, keepText, keptText } from "../lib/kept-text.ts";
import { session } from "../session/store.ts";
import { ApiProblem, isRefusal, OfflineError, type ProblemDocument } from "./problem.ts";

/**
 * Sends a file as the body of a request. It is read from the disk while it is sent, so its size does not matter here.
 * @throws ApiProblem for a refusal, OfflineError without an answer, SessionOverError.
 */
async function upload<T>(path: string, file: File): Promise<T> {
  const headers = { "content-type": "application/octet-stream", "idempotency-key": randomId() };
  // SAFETY: the API validates its answers in its own tests: a success is T.
  return (await sendAs("POST", path, headers, file)) as T;
}

/** Uploads one of the user's own files under its name. @throws see {@link upload}. */
export async function uploadFile(file: File): Promise<{ id: string; name: string; size: number }> {
  const query = new URLSearchParams({ name: file.name });
  const send = async (type: string) => {
    const headers = { "content-type": type, "idempotency-key": randomId() };
    // SAFETY: the API validates its answers in its own tests.
    return (await sendAs("POST", `/storage/files/upload?${query}`, headers, file)) as ReturnType<typeof uploadFile>;
  };
  const type = file.type === "" ? ANY_TYPE : file.type;
  try {
    return await send(type);
  } catch (fault) {
    // Files of types that are not listed are stored without a type.
    if (type !== ANY_TYPE && isRefusal(fault, "file_type_not_allowed")) return send(ANY_TYPE);
    throw fault;
  }
}

const ANY_TYPE = "application/octet-stream";

/** A picture or another file for the texts of a course. @throws see {@link upload}. */
export async function uploadCourseFile(course: string, file: File): Promise<{ id: string; name: string }> {
  const headers = { "content-type": ANY_TYPE };
  const path = `/courses/${course}/files?${new URLSearchParams({ name: file.name })}`;
  // SAFETY: the API validates its answers in its own tests.
  return (await sendAs("POST", path, headers, file)) as { id: string; name: string };
}

/** Saves a file of the API under a name. @throws ApiProblem, OfflineError */
export async function saveFile(address: string, name: string): Promise<void> {
  const blob = await readFile(address);
  const saved = document.createElement("a");
  saved.href = URL.createObjectURL(blob);
  saved.download = name;
  saved.click();
  URL.revokeObjectURL(saved.href);
}

/** Sends a roster file, or a pasted text. @param type its media type. @throws see {@link upload}. */
export async function uploadRoster<T>(path: string, file: Blob, type: string): Promise<T> {
  // SAFETY: the API validates its answers in its own tests: a success is T.
  return (await sendAs("POST", path, { "content-type": type }, file)) as T;
}

/** One request with these headers and this body. @returns the answer's JSON. @throws see {@link upload}. */
async function sendAs(
  method: string,
  path: string,
  headers: Record<string, string>,
  body: Blob | string | null,
): Promise<unknown> {
  const send = async () =>
    fetch(`/api/v1${path}`, {
      method,
      headers: { accept: "application/json", ...headers, authorization: `Bearer ${await session.token()}` },
      body,
    });
  let response: Response;
  try {
    response = await send();
    if (response.status === 401) {
      await session.renew();
      response = await send();
    }
  } catch (fault) {
    if (fault instanceof TypeError) throw new OfflineError(fault.message);
    throw fault;
  }
  if (response.ok) return response.json();
  const fallback: ProblemDocument = { status: response.status, code: "unknown", title: response.statusText };
  // SAFETY: the API answers a refusal with a problem document; an answer that is not JSON came from something on the
  // way.
  const problem = (await response.json().catch(() => fallback)) as ProblemDocument;
  throw new ApiProblem(problem);
}

/**
 * Sends an archive of a course: at once, or in parts if it is large. If a large upload was interrupted, also by closing
 * the page, it continues when the same file is chosen again.
 *
 * @param user the owner of the upload: its data in the browser is removed when they sign out.
 * @param onProgress called with the number of bytes that have arrived, if it is sent in parts.
 * @throws see {@link upload}.
 */
export async function uploadArchive<T>(
  archive: File,
  announced: { format: string; course: string },
  user: string,
  onProgress: (done: number, size: number) => void,
): Promise<T> {
  const { name } = archive;
  if (archive.size <= PARTS_FROM) {
    return upload<T>(`/courses/imports?${new URLSearchParams({ ...announced, name })}`, archive);
  }
  const place = `upload ${JSON.stringify([announced, name, archive.size, archive.lastModified])}`;
  const key = keptText(user, place) ?? randomId();
  keepText(user, place, key);
  const transport = {
    send: (method: "POST" | "PUT", path: string, body: Parameters<PartsTransport["send"]>[2]) => {
      if (body === null) return sendAs(method, path, {}, null);
      if ("bytes" in body) return sendAs(method, path, { "content-type": "application/octet-stream" }, body.bytes);
      const headers = { "content-type": "application/json", "idempotency-key": body.key };
      return sendAs(method, path, headers, JSON.stringify(body.json));
    },
    isPassing: (fault: unknown) =>
      fault instanceof OfflineError || (fault instanceof ApiProblem && (fault.problem.status >= 500 || isBusy(fault))),
    onProgress,
  };
  // SAFETY: the API validates its answers in its own tests: a success is T.
  const begun = (await uploadInParts(transport, archive, { ...announced, name }, key)) as T;
  dropText(user, place);
  return begun;
}

/** Refusals that pass: too many requests, and another request on the same upload. */
function isBusy({ problem: { status, code } }: ApiProblem): boolean {
  return status === 429 || code === "concurrent_change";
}

/** The bytes of a file of the API, for the signed-in user. @throws ApiProblem, OfflineError */
export async function readFile(address: string): Promise<Blob> {
  const send = async () => fetch(address, { headers: { authorization: `Bearer ${await session.token()}` } });
  let response = await send();
  if (response.status === 401) {
    await session.renew();
    response = await send();
  }
  if (response.ok) return response.blob();
  throw new ApiProblem({ status: response.status, code: "unknown", title: response.statusText });
}
