import { noSurroundings, type Surroundings, type TabChannel } from "../../../src/client/stream/surroundings.ts";

/** The switches of a pretended browser tab. */
export interface FakeTab {
  surroundings: Surroundings;
  setVisible(visible: boolean): void;
  setOnline(online: boolean): void;
  changeNetwork(): void;
  /** From here on the tab receives nothing from the others, like one that the browser froze. */
  freeze(frozen: boolean): void;
}

/** A pretended browser: tabs opened in it share locks and channels. */
export class FakeBrowser {
  readonly #waiting = new Map<string, (() => void)[]>();
  readonly #channels = new Map<string, Set<(message: unknown) => void>>();
  readonly #parts: { locks: boolean; channels: boolean };

  constructor(parts = { locks: true, channels: true }) {
    this.#parts = parts;
  }

  openTab({ isPhone = false } = {}): FakeTab {
    const state = { visible: true, online: true, frozen: false };
    const visibility = new Set<() => void>();
    const online = new Set<() => void>();
    const network = new Set<() => void>();
    return {
      surroundings: {
        ...noSurroundings(),
        isVisible: () => state.visible,
        onVisibility: (handler) => subscribe(visibility, handler),
        isOnline: () => state.online,
        onOnline: (handler) => subscribe(online, handler),
        onNetwork: (handler) => subscribe(network, handler),
        isPhoneLike: () => isPhone,
        lock: this.#parts.locks ? (name, signal, held) => this.#lock(name, signal, held) : null,
        openChannel: this.#parts.channels ? (name) => this.#open(name, () => state.frozen) : null,
      },
      setVisible: (visible) => {
        state.visible = visible;
        for (const handler of visibility) handler();
      },
      setOnline: (isOnline) => {
        state.online = isOnline;
        for (const handler of online) handler();
      },
      changeNetwork: () => {
        for (const handler of network) handler();
      },
      freeze: (frozen) => {
        state.frozen = frozen;
      },
    };
  }

  #lock(name: string, signal: AbortSignal, held: () => void): void {
    const queue = this.#waiting.get(name) ?? [];
    this.#waiting.set(name, queue);
    queue.push(held);
    if (queue.length === 1) queueMicrotask(held);
    signal.addEventListener("abort", () => {
      const wasFirst = queue[0] === held;
      queue.splice(queue.indexOf(held), 1);
      if (wasFirst) queue[0]?.();
    });
  }

  #open(name: string, isFrozen: () => boolean): TabChannel {
    const members = this.#channels.get(name) ?? new Set();
    this.#channels.set(name, members);
    let own: (message: unknown) => void = () => undefined;
    const hear = (message: unknown) => {
      if (!isFrozen()) own(message);
    };
    members.add(hear);
    return {
      post: (message) => {
        const copy: unknown = structuredClone(message);
        for (const member of members) if (member !== hear) queueMicrotask(() => member(copy));
      },
      onMessage: (handler) => {
        own = handler;
      },
      close: () => {
        members.delete(hear);
      },
    };
  }
}

function subscribe(handlers: Set<() => void>, handler: () => void): () => void {
  handlers.add(handler);
  return () => handlers.delete(handler);
}
