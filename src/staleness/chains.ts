import { dropChain, insertChain, takeChainStep } from "./statements.ts";

/**
 * A chain of messages, each of which asks for the next. A queue may deliver a message twice, and then two chains of one
 * name would do the same work again and again. So a message carries its step, and only the worker that takes this step
 * continues.
 */

/**
 * Begins a chain of this name; one that is running ends at its next message.
 * @returns the step of the first message.
 */
export async function beginChain(db: D1Database, name: string): Promise<number> {
  const step = await insertChain(db, name).first<number>("step");
  if (step === null) throw new Error("the chain was not begun");
  return step;
}

/**
 * Takes a step of a chain.
 * @returns the step of the next message; null when another worker has taken it, or the chain is over.
 */
export function takeStep(db: D1Database, name: string, step: number): Promise<number | null> {
  return takeChainStep(db, name, step).first<number>("step");
}

/** Ends a chain that has come to this step. */
export async function endChain(db: D1Database, name: string, step: number): Promise<void> {
  await dropChain(db, name, step).run();
}
