import type { ConnectionState, StreamStatus } from "../stream/status.ts";
import { useSSEConnection } from "./use-connection.ts";

export interface SSEConnectionStatusProps {
  /** Default "en". */
  lang?: "en" | "zh";
  className?: string;
}

type Sentence = string | ((status: StreamStatus) => string);

/** Reasons with their own sentence. */
type Special = "hidden" | "session_ended" | "unauthenticated" | "no_content";

const TEXT: Record<"en" | "zh", Record<ConnectionState | Special, Sentence>> = {
  en: {
    connecting: "Connecting…",
    live: "Live",
    reconnecting: ({ attempt, of }) => (attempt === 0 ? "Reconnecting…" : `Reconnecting, try ${attempt} of ${of}`),
    polling: "Live updates are delayed: the page checks at intervals",
    offline: "Offline: no connection to the server",
    evicted: "Live updates are open in too many other places",
    refused: "Live updates do not arrive: another server on the way answers instead",
    no_content: "The server has switched live updates off",
    stopped: "Live updates are off",
    hidden: "Paused while the page is hidden",
    unauthenticated: "Your session is not valid: sign in again",
    session_ended: "Your session has ended: sign in again",
  },
  zh: {
    connecting: "正在连接…",
    live: "实时更新中",
    reconnecting: ({ attempt, of }) => (attempt === 0 ? "正在重新连接…" : `正在重新连接（第 ${attempt}/${of} 次）`),
    polling: "实时更新有延迟：正在定时检查",
    offline: "已离线：无法连接服务器",
    evicted: "实时更新已在太多其他地方打开",
    refused: "此处无法接收实时更新：中间有其他服务在应答",
    no_content: "服务器已停用实时更新",
    stopped: "实时更新已关闭",
    hidden: "页面不可见，已暂停",
    unauthenticated: "登录无效，请重新登录",
    session_ended: "登录已失效，请重新登录",
  },
};

const RETRY = { en: "Try again", zh: "重试" };

/** A different shape for each state, for people who cannot distinguish the colours. */
const SHAPE: Record<ConnectionState, string> = {
  connecting: "◌",
  live: "●",
  reconnecting: "◐",
  polling: "◷",
  offline: "✕",
  evicted: "⊘",
  refused: "⊗",
  stopped: "○",
};

const RETRYABLE: ReadonlySet<ConnectionState> = new Set(["reconnecting", "polling", "offline", "evicted", "refused"]);

/**
 * Says politely how live the page is, and offers to try again. It has no style of its own: use `data-state` in your
 * CSS.
 */
export function SSEConnectionStatus({ lang = "en", className }: SSEConnectionStatusProps) {
  const { status, retry } = useSSEConnection();
  const { state, reason } = status;
  const sentence = TEXT[lang][isSpecial(reason) ? reason : state];
  return (
    <div className={className} data-state={state} lang={lang}>
      <span role="status" aria-live="polite">
        <span aria-hidden="true">{SHAPE[state]}</span> {typeof sentence === "string" ? sentence : sentence(status)}
      </span>
      {RETRYABLE.has(state) && (
        <button type="button" onClick={retry}>
          {RETRY[lang]}
        </button>
      )}
    </div>
  );
}

function isSpecial(reason: StreamStatus["reason"]): reason is Special {
  return reason === "hidden" || reason === "session_ended" || reason === "unauthenticated" || reason === "no_content";
}
