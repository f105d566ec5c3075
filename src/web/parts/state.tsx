import type { ItemState } from "../api/types.ts";
import { type Messages, useMessages } from "../i18n/index.ts";
import { useStore } from "../lib/use-store.ts";
import { opened } from "../live/opened.ts";
import { SparkIcon, StateIcon } from "./icons.tsx";

/** A state in words. */
export function stateWord(state: ItemState, messages: Messages): string {
  const words: Record<ItemState, string> = {
    locked: messages.stateLocked,
    unlocked: messages.stateUnlocked,
    started: messages.stateStarted,
    completed: messages.stateCompleted,
  };
  return words[state];
}

/** A state as sign and word together. */
export function StateBadge({ state }: { state: ItemState }) {
  const messages = useMessages();
  return (
    <span className={`badge is-${state}`}>
      <StateIcon state={state} />
      {stateWord(state, messages)}
    </span>
  );
}

/** Whether an item opened a moment ago; once somebody has begun with it, that is no news any more. */
export function useJustOpened(item: { id: string; status: ItemState }): boolean {
  return useStore(opened).has(item.id) && item.status === "unlocked";
}

/** The mark of an item that opened a moment ago; nothing for any other. */
export function JustOpened({ item }: { item: { id: string; status: ItemState } }) {
  const messages = useMessages();
  if (!useJustOpened(item)) return null;
  return (
    <span className="just-opened">
      <SparkIcon />
      {messages.justOpened}
    </span>
  );
}
