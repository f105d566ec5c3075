import { useContentNotifications, useSystemNotifications } from "../../client/react/index.ts";
import { formatInstant, useLanguage, useMessages } from "../i18n/index.ts";

interface Notice {
  id: string;
  at: string;
  level: string;
  title: string;
  body: string | undefined;
  isRead: boolean;
}

/** Messages for the signed-in user, behind a button that counts the unread ones; nothing while there are none. */
export function Notices() {
  const messages = useMessages();
  const language = useLanguage();
  const system = useSystemNotifications();
  const content = useContentNotifications();
  const notices: Notice[] = [];
  for (const { event, read } of system.items) {
    const { id, at, level, type, data } = event;
    const text =
      type === "system.error" ? { title: data.code, body: data.summary } : { title: data.title, body: data.body };
    notices.push({ id, at, level, ...text, isRead: read });
  }
  for (const { event, read } of content.items) {
    if (event.type !== "content.novel-created") continue;
    const { id, at, level, data } = event;
    notices.push({ id, at, level, title: data.title, body: undefined, isRead: read });
  }
  if (notices.length === 0) return null;
  notices.sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
  const unread = notices.filter((notice) => !notice.isRead).length;
  const markAll = () => {
    system.markAllRead();
    content.markAllRead();
  };
  return (
    <details className="notices" onToggle={(event) => (event.currentTarget.open ? undefined : markAll())}>
      <summary>{messages.notices(unread)}</summary>
      <ul>
        {notices.slice(0, 20).map((notice) => (
          <li key={notice.id} className={notice.isRead ? undefined : "is-unread"}>
            <strong>{notice.title}</strong>
            {notice.body === undefined ? null : <p>{notice.body}</p>}
            <p className="fine">{formatInstant(notice.at, language)}</p>
          </li>
        ))}
      </ul>
    </details>
  );
}
