import type { LatchkeyEvent, ResetNotice } from "../event-types.ts";
import { isEnvelope } from "../event-types.ts";
import type { StreamStatus } from "./status.ts";
import type { Surroundings, TabChannel } from "./surroundings.ts";

/**
 * The messages between tabs of one user. `n` counts what a leader passed on, and `before` is its previous position, so
 * that a tab notices what it missed.
 */
export type TabMessage =
  | { kind: "hello"; from: string; visible: boolean }
  | { kind: "visible"; from: string; visible: boolean }
  | { kind: "bye"; from: string }
  | { kind: "retry"; from: string }
  | { kind: "status"; from: string; n: number; cursor: string | null; status: StreamStatus }
  | { kind: "event"; from: string; n: number; before: string | null; cursor: string | null; event: LatchkeyEvent }
  | { kind: "reset"; from: string; n: number; before: string | null; cursor: string | null; notice: ResetNotice };

const KINDS = new Set(["hello", "visible", "bye", "retry", "status", "event", "reset"]);

/** The messages between the tabs of one user. Which tabs they reach depends on the browser. */
export class Tabs {
  readonly #channel: TabChannel | null;
  readonly #visible = new Set<string>();
  readonly id: string;

  constructor(
    surroundings: Surroundings,
    name: string,
    random: () => number,
    onMessage: (message: TabMessage) => void,
  ) {
    this.id = Array.from({ length: 4 }, () => Math.floor(random() * 2 ** 32).toString(36)).join("");
    this.#channel = surroundings.openChannel?.(name) ?? null;
    this.#channel?.onMessage((message) => {
      if (!isTabMessage(message) || message.from === this.id) return;
      this.#watch(message);
      onMessage(message);
    });
  }

  post(message: TabMessage): void {
    this.#channel?.post(message);
  }

  /** Whether another tab is visible. */
  get isAnyVisible(): boolean {
    return this.#visible.size > 0;
  }

  close(): void {
    this.post({ kind: "bye", from: this.id });
    this.#channel?.close();
  }

  #watch(message: TabMessage): void {
    if (message.kind === "bye") this.#visible.delete(message.from);
    if (message.kind !== "hello" && message.kind !== "visible") return;
    if (message.visible) this.#visible.add(message.from);
    else this.#visible.delete(message.from);
  }
}

function isTabMessage(value: unknown): value is TabMessage {
  if (typeof value !== "object" || value === null || !("kind" in value) || !("from" in value)) return false;
  if (typeof value.kind !== "string" || !KINDS.has(value.kind) || typeof value.from !== "string") return false;
  return value.kind !== "event" || ("event" in value && isEnvelope(value.event));
}
