import { type ReactNode, useEffect } from "react";
import { Link } from "wouter";
import { isAbsent, isRefusal, lockIn } from "../api/problem.ts";
import { useProblems } from "../api/queries.ts";
import { useMessages } from "../i18n/index.ts";
import { unmarkOpened } from "../live/opened.ts";
import { FaultNote, Loading } from "../parts/fault.tsx";
import { Page } from "../parts/page.tsx";
import { StateBadge } from "../parts/state.tsx";
import { Why } from "../parts/why.tsx";
import { EnrollButton } from "./enroll.tsx";
import { NotFoundPage } from "./not-found.tsx";

/** A page that has not come, or will not: still loading, locked with its reasons, or not there. */
export function ItemInstead(props: {
  course: string;
  title: string;
  fault: unknown;
  retry: () => void;
  trail: ReactNode;
}) {
  const { course, title, fault, retry, trail } = props;
  const messages = useMessages();
  const problems = useProblems(course).data?.results ?? [];
  const lock = lockIn(fault);
  if (lock !== null) {
    return (
      <Page title={title} above={trail} lead={<StateBadge state="locked" />}>
        <p className="visually-hidden">{messages.lockedTitle}</p>
        <Why course={course} lock={lock} sentence={lock.detail ?? ""} problems={problems} />
        <p>
          <Link className="button" href={`/courses/${course}`}>
            {messages.backToMap}
          </Link>
        </p>
      </Page>
    );
  }
  if (isAbsent(fault)) return <NotFoundPage />;
  return (
    <Page title={title} above={trail}>
      {fault === null ? (
        <Loading />
      ) : isRefusal(fault, "not_enrolled") ? (
        <EnrollButton course={course} />
      ) : (
        <FaultNote fault={fault} retry={retry} />
      )}
    </Page>
  );
}

/** Takes the mark "just opened" from an item once its page has been left. */
export function useVisited(item: string): void {
  useEffect(() => () => unmarkOpened([item]), [item]);
}

export function Trail({ course, children }: { course: string; children?: ReactNode }) {
  const messages = useMessages();
  return (
    <nav className="trail" aria-label={messages.back}>
      <Link href="/courses">{messages.navCourses}</Link>
      <Link href={`/courses/${course}`}>{messages.mapTitle}</Link>
      {children}
    </nav>
  );
}
