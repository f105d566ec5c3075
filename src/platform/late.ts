/**
 * An async function that is evaluated, with all it rests on, when it is first called. A room's `index.ts` says so of what
 * few of its callers need: who imports the room for something else does not pay for it when an isolate starts.
 * @param read imports the function.
 */
export function late<Given extends unknown[], Answer>(
  read: () => Promise<(...given: Given) => Promise<Answer>>,
): (...given: Given) => Promise<Answer> {
  return async (...given) => (await read())(...given);
}
