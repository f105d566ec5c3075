import { type ReactNode, useEffect } from "react";
import { Link } from "wouter";
import { type ApiProblem, isRefusal } from "../api/problem.ts";
import { useProblems } from "../api/queries.ts";
import { useMessages } from "../i18n/index.ts";
import { unmarkOpened } from "../live/opened.ts";
import { FaultNote, Loading } from "../parts/fault.tsx";
import { Page } from "../parts/page.tsx";
import { StateBadge } from "../parts/state.tsx";
import { type Lock, Why } from "../parts/why.tsx";
import { EnrollButton } from "./enroll.tsx";

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
  if (isRefusal(fault, "locked")) {
    return (
      <Page title={title} above={trail} lead={<StateBadge state="locked" />}>
        <p className="visually-hidden">{messages.lockedTitle}</p>
        <Why course={course} lock={lockIn(fault)} sentence={fault.problem.detail ?? ""} problems={problems} />
        <p>
          <Link className="button" href={`/courses/${course}`}>
            {messages.backToMap}
          </Link>
        </p>
      </Page>
    );
  }
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

/** A refusal of a locked item carries its explanation. */
function lockIn(fault: ApiProblem): Lock {
  // SAFETY: `locked` is documented to carry these members, see docs/errors.md.
  return fault.problem as unknown as Lock;
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
