/** No answer came in time. */
export class TimeOutError extends Error {
  override readonly name = "TimeOutError";
}

/**
 * The answer, if it comes within this many milliseconds. The work itself continues; only the waiting ends.
 * @param who is put in front of the fault's message; absent if empty.
 * @throws TimeOutError, or the fault of the promise.
 */
export async function withTimeOut<T>(answer: Promise<T>, timeoutMs: number, who = ""): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | null = null;
  const message = `${who === "" ? "" : `${who}: `}no answer within ${timeoutMs} ms`;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TimeOutError(message)), timeoutMs);
  });
  try {
    return await Promise.race([answer, silence]);
  } finally {
    if (timer !== null) clearTimeout(timer);
  }
}
