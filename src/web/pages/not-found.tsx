import { Link } from "wouter";
import { useMessages } from "../i18n/index.ts";
import { Page } from "../parts/page.tsx";

export function NotFoundPage() {
  const messages = useMessages();
  return (
    <Page title={messages.notFoundTitle} lead={<p>{messages.notFoundText}</p>}>
      <Link className="button" href="/courses">
        {messages.toCourses}
      </Link>
    </Page>
  );
}

/** Shown instead of a page that the signed-in role may not use; the API refuses its requests anyway. */
export function ForbiddenPage() {
  const messages = useMessages();
  return (
    <Page title={messages.forbiddenTitle} lead={<p>{messages.forbiddenText}</p>}>
      <Link className="button" href="/courses">
        {messages.toCourses}
      </Link>
    </Page>
  );
}
