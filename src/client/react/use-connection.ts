import { useCallback, useSyncExternalStore } from "react";
import type { StreamStatus } from "../stream/status.ts";
import { useLatchkey } from "./context.ts";

/** The state of the live connection, and the button that tries again. */
export function useSSEConnection(): { status: StreamStatus; retry: () => void } {
  const { stream } = useLatchkey();
  const subscribe = useCallback((listener: () => void) => stream.onStatus(listener), [stream]);
  const read = () => stream.status;
  const status = useSyncExternalStore(subscribe, read, read);
  const retry = useCallback(() => stream.retry(), [stream]);
  return { status, retry };
}
