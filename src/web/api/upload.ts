import { randomId } from "../../client/index.ts";
import { session } from "../session/store.ts";
import { ApiProblem, OfflineError, type ProblemDocument } from "./problem.ts";

/**
 * Sends a file as the body of a request. It is read from the disk as it is sent, so its size does not matter here.
 * @throws ApiProblem for a refusal, OfflineError when nobody answers, SessionOverError.
 */
export async function upload<T>(path: string, file: File): Promise<T> {
  const send = async (key: string) =>
    fetch(`/api/v1${path}`, {
      method: "POST",
      headers: {
        accept: "application/json",
        "content-type": "application/octet-stream",
        "idempotency-key": key,
        authorization: `Bearer ${await session.token()}`,
      },
      body: file,
    });
  const key = randomId();
  let response: Response;
  try {
    response = await send(key);
    if (response.status === 401) {
      await session.renew();
      response = await send(key);
    }
  } catch (fault) {
    if (fault instanceof TypeError) throw new OfflineError(fault.message);
    throw fault;
  }
  // SAFETY: the API validates its answers in its own tests: a success is T, a refusal a problem document.
  if (response.ok) return (await response.json()) as T;
  const fallback: ProblemDocument = { status: response.status, code: "unknown", title: response.statusText };
  // SAFETY: see above; what is no JSON came from something on the way.
  const problem = (await response.json().catch(() => fallback)) as ProblemDocument;
  throw new ApiProblem(problem);
}

/** The bytes of a file that the API has, for whoever is signed in. @throws ApiProblem, OfflineError */
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
