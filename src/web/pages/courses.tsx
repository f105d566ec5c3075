import { lazy, Suspense } from "react";
import { Link } from "wouter";
import { isRefusal } from "../api/problem.ts";
import { useChapters, useCourses, useProblems } from "../api/queries.ts";
import type { Course } from "../api/types.ts";
import { useMessages } from "../i18n/index.ts";
import { FaultNote, Loading } from "../parts/fault.tsx";
import { Meter } from "../parts/meter.tsx";
import { Page } from "../parts/page.tsx";
import { useHasRole } from "../session/hooks.ts";
import { EnrollButton } from "./enroll.tsx";

const NextLine = lazy(async () => ({ default: (await import("./learning/next.tsx")).NextLine }));
const ObservedNote = lazy(() => import("./learning/observed-note.tsx"));

/** Every course one may take, with one's own progress. */
export function CoursesPage() {
  const messages = useMessages();
  const courses = useCourses();
  return (
    <Page title={messages.coursesTitle} lead={<p>{messages.coursesLead}</p>}>
      {courses.isPending ? <Loading /> : null}
      {courses.isError ? <FaultNote fault={courses.error} retry={() => void courses.refetch()} /> : null}
      {courses.data?.length === 0 ? <p>{messages.noCourses}</p> : null}
      <ul className="cards">
        {courses.data?.map((course) => (
          <li key={course.slug} className="card">
            <h2>
              <Link href={`/courses/${course.slug}`}>{course.title}</Link>
            </h2>
            {course.active_version === null ? (
              <p className="fine">{messages.unpublished}</p>
            ) : (
              <OwnProgress course={course} />
            )}
          </li>
        ))}
      </ul>
      <Suspense fallback={null}>
        <ObservedNote />
      </Suspense>
      {courses.data?.some(({ role }) => role !== null) === true ? (
        <p>
          <Link className="button is-quiet" href="/grading">
            {messages.navGrading}
          </Link>
        </p>
      ) : null}
    </Page>
  );
}

/** The API has no list of one's enrollments; a course says itself whether one is in it. */
function OwnProgress({ course }: { course: Course }) {
  const messages = useMessages();
  const isAdmin = useHasRole("admin");
  const chapters = useChapters(course.slug);
  const problems = useProblems(course.slug);
  if (isRefusal(chapters.error, "not_enrolled")) {
    return (
      <div className="card-end">
        <p className="fine">{messages.notEnrolled}</p>
        <EnrollButton course={course.slug} />
      </div>
    );
  }
  if (chapters.isError) return <FaultNote fault={chapters.error} />;
  if (chapters.data === undefined || problems.data === undefined) return <Loading />;
  const isStaff = chapters.data.snapshot.source === "staff";
  const rows = problems.data.results;
  const solved = rows.filter((row) => row.status === "completed").length;
  const open = [...chapters.data.results, ...rows].filter(
    (row) => row.status === "unlocked" || row.status === "started",
  ).length;
  const hasBegun = [...chapters.data.results, ...rows].some((row) => row.status === "completed");
  return (
    <div className="card-end">
      {isStaff ? (
        <p className="fine">
          {messages.staffSees}{" "}
          {course.role === null && !isAdmin ? null : (
            <>
              <Link href={`/author/${course.slug}/people`}>{messages.peopleTitle}</Link>{" "}
              <Link href={`/author/${course.slug}/class`}>{messages.classTitle}</Link>
            </>
          )}
        </p>
      ) : (
        <div className="card-facts">
          <Meter value={solved} max={rows.length} label={messages.doneOf(solved, rows.length)} />
          <p className="fine">{messages.openNow(open)}</p>
          <Suspense fallback={null}>
            <NextLine course={course.slug} />
          </Suspense>
        </div>
      )}
      <Link className={isStaff ? "button" : "button is-primary"} href={`/courses/${course.slug}`}>
        {isStaff ? messages.seeCourse : hasBegun ? messages.continueCourse : messages.startCourse}
      </Link>
    </div>
  );
}
