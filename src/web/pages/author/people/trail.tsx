import { Link, useLocation } from "wouter";
import { useCourseInfo } from "../../../api/queries.ts";
import { useMessages } from "../../../i18n/index.ts";
import { usePeopleText } from "../../../i18n/people.ts";
import { useRecordsText } from "../../../i18n/records.ts";
import { useWebhookText } from "../../../i18n/webhooks.ts";
import { useHasRole } from "../../../session/hooks.ts";

/** The rights of the signed-in user in a course, for pages that show more or less. */
export function useRights(course: string) {
  const info = useCourseInfo(course);
  const isAdmin = useHasRole("admin");
  const role = info.data?.role ?? null;
  const isStaff = isAdmin || role !== null;
  return {
    info,
    isKnown: info.data !== undefined,
    isStaff,
    mayManage: isStaff && role !== "grader",
    isOwner: isAdmin || role === "owner",
  };
}

/** The pages of one course for its staff, side by side. */
export function StaffTrail({ course, mayManage }: { course: string; mayManage: boolean }) {
  const messages = useMessages();
  const text = usePeopleText();
  const webhooks = useWebhookText();
  const records = useRecordsText();
  const [location] = useLocation();
  const title = useCourseInfo(course).data?.title ?? course;
  const places = [
    ...(mayManage ? [[`/author/${course}`, title]] : [[`/courses/${course}`, title]]),
    [`/author/${course}/people`, text.people],
    [`/author/${course}/class`, text.classView],
    [`/author/${course}/insight`, messages.insightTitle],
    ...(mayManage
      ? [
          [`/author/${course}/webhooks`, webhooks.toWebhooks],
          [`/author/${course}/records`, records.title],
        ]
      : []),
    [`/courses/${course}`, messages.mapTitle],
  ] as const;
  return (
    <nav className="staff-trail" aria-label={title}>
      {places.map(([href = "", label]) => (
        <Link key={`${href} ${label}`} href={href} aria-current={location === href ? "page" : undefined}>
          {label}
        </Link>
      ))}
    </nav>
  );
}
