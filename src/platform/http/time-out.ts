/** Somebody did not answer in time. */
export class TimeOutError extends Error {
  override readonly name = "TimeOutError";
}

/**
 * The answer, if it comes within so many milliseconds. What was asked goes on; only the waiting ends.
 * @param who in front of the fault's message; left out when empty.
 * @throws TimeOutError, or what the answer was rejected with.
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
