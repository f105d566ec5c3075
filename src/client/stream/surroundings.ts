/** The parts of a `BroadcastChannel` that the stream uses. */
export interface TabChannel {
  post(message: unknown): void;
  onMessage(handler: (message: unknown) => void): void;
  close(): void;
}

/** What the stream needs to know about the browser; absent parts have no effect. */
export interface Surroundings {
  isVisible(): boolean;
  onVisibility(handler: () => void): () => void;
  isOnline(): boolean;
  onOnline(handler: () => void): () => void;
  /** Calls back when the device moved to another network. */
  onNetwork(handler: () => void): () => void;
  /** Whether holding an open connection while hidden costs much battery. */
  isPhoneLike(): boolean;
  /**
   * Holds the named lock until the signal aborts; calls `held` when it has the lock. Null if there are no locks.
   */
  lock: ((name: string, signal: AbortSignal, held: () => void) => void) | null;
  /** Null if tabs cannot send messages to each other. */
  openChannel: ((name: string) => TabChannel) | null;
}

const NEVER = () => () => undefined;

/** React Native has a `window` and may have a `document`; neither accepts listeners. */
function takesListeners(target: unknown): target is EventTarget {
  if (typeof target !== "object" || target === null) return false;
  return (
    "addEventListener" in target &&
    typeof target.addEventListener === "function" &&
    "removeEventListener" in target &&
    typeof target.removeEventListener === "function"
  );
}

function listen(target: unknown, types: string[], handler: () => void): () => void {
  if (!takesListeners(target)) return () => undefined;
  for (const type of types) target.addEventListener(type, handler);
  return () => {
    for (const type of types) target.removeEventListener(type, handler);
  };
}

/** The real browser, as far as it has these parts. */
export function browserSurroundings(): Surroundings {
  const page = typeof document === "undefined" ? null : document;
  const view = typeof window === "undefined" ? null : window;
  const device = typeof navigator === "undefined" ? null : navigator;
  return {
    isVisible: () => page?.visibilityState !== "hidden",
    onVisibility: page === null ? NEVER : (handler) => listen(page, ["visibilitychange"], handler),
    isOnline: () => device?.onLine !== false,
    onOnline: view === null ? NEVER : (handler) => listen(view, ["online", "offline"], handler),
    onNetwork: watchNetwork(device),
    isPhoneLike: () => isMobile(device) ?? view?.matchMedia?.("(pointer: coarse) and (hover: none)")?.matches ?? false,
    lock:
      typeof device?.locks?.request !== "function"
        ? null
        : (name, signal, held) => holdLock(device.locks, name, signal, held),
    openChannel: typeof BroadcastChannel === "undefined" ? null : openBroadcastChannel,
  };
}

/** For a stream on its own: always visible, always online, no other tabs. */
export function noSurroundings(): Surroundings {
  return {
    isVisible: () => true,
    onVisibility: NEVER,
    isOnline: () => true,
    onOnline: NEVER,
    onNetwork: NEVER,
    isPhoneLike: () => false,
    lock: null,
    openChannel: null,
  };
}

function isMobile(device: Navigator | null): boolean | null {
  if (device === null) return null;
  if ("product" in device && device.product === "ReactNative") return true;
  if (!("userAgentData" in device)) return null;
  const data = device.userAgentData;
  if (typeof data !== "object" || data === null || !("mobile" in data)) return null;
  return data.mobile === true;
}

/**
 * `navigator.connection` also reports every new estimate of speed. Only a new kind of network (Wi-Fi to mobile) is a
 * reason to leave a working connection.
 */
function watchNetwork(device: Navigator | null): Surroundings["onNetwork"] {
  if (device === null || !("connection" in device)) return NEVER;
  const connection = device.connection;
  if (!takesListeners(connection)) return NEVER;
  const kindOf = () => ("type" in connection ? connection.type : undefined);
  return (handler) => {
    let kind = kindOf();
    return listen(connection, ["change"], () => {
      const now = kindOf();
      if (now === kind || now === "none") return;
      kind = now;
      handler();
    });
  };
}

function holdLock(locks: LockManager, name: string, signal: AbortSignal, held: () => void): void {
  const released = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
  const request = locks.request(name, { signal }, () => {
    held();
    return released;
  });
  // Rejects when we stop waiting, which we caused.
  request.catch(() => undefined);
}

function openBroadcastChannel(name: string): TabChannel {
  const channel = new BroadcastChannel(name);
  let isOpen = true;
  return {
    post: (message) => {
      if (isOpen) channel.postMessage(message);
    },
    onMessage: (handler) => {
      channel.onmessage = (event: MessageEvent<unknown>) => handler(event.data);
    },
    close: () => {
      isOpen = false;
      channel.close();
    },
  };
}
