import { type ReactNode, useEffect, useRef } from "react";
import { useMessages } from "../i18n/index.ts";

/**
 * One page: names the tab, and takes the focus when one comes to it, so that a screen reader says where one is and the
 * next Tab starts there. The very first page leaves the focus where the browser has it.
 */
export function Page(props: {
  title: string;
  lead?: ReactNode;
  above?: ReactNode;
  wide?: boolean;
  children: ReactNode;
}) {
  const { title, lead, above, wide = false, children } = props;
  const messages = useMessages();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · ${messages.appName}`;
  }, [title, messages]);
  useEffect(() => {
    const hasMoved = location.pathname !== shownPath;
    // A page that comes after "loading" on the same address takes the focus over from it.
    const hasLostFocus = hasTakenFocus && document.activeElement === document.body;
    shownPath = location.pathname;
    if (hasMoved) window.scrollTo(0, 0);
    if (!hasMoved && !hasLostFocus) return;
    hasTakenFocus = true;
    heading.current?.focus({ preventScroll: true });
  }, []);
  return (
    <div className={wide ? "page is-wide" : "page"}>
      {above}
      <h1 ref={heading} tabIndex={-1}>
        {title}
      </h1>
      {lead === undefined ? null : <div className="lead">{lead}</div>}
      {children}
    </div>
  );
}

let shownPath = location.pathname;
let hasTakenFocus = false;
