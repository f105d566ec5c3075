import { useMutation, useQuery } from "@tanstack/react-query";
import { allPages } from "../../api/queries.ts";
import { request } from "../../api/request.ts";
import type { Course, EnrollmentRow, Page } from "../../api/types.ts";
import { formatInstant, useLanguage, useMessages } from "../../i18n/index.ts";
import { FaultNote } from "../../parts/fault.tsx";
import { Section, Table } from "./section.tsx";

interface CourseFreshness {
  course: Course;
  learners: number;
  stale: number;
  behind: number;
  lastActive: string | null;
  /** There are more learners than were looked at. */
  isSample: boolean;
}

/** The API lists enrollments and counts none: one page of its largest size is looked at per course. */
const LOOKED_AT = 1_000;

/** How many learners' stored snapshots are stale, per course. */
export function Stale() {
  const messages = useMessages();
  const language = useLanguage();
  const courses = useQuery({
    queryKey: ["operator", "stale", language],
    queryFn: async () => {
      const all = await allPages<Course>("/courses", { lang: language });
      return Promise.all(all.filter((course) => course.active_version !== null).map(freshness));
    },
  });
  const invalidate = useMutation({
    mutationFn: (course: string) => request<{ course: string }>(`/courses/${course}/stale`, { method: "POST" }),
    onSuccess: () => courses.refetch(),
  });
  return (
    <Section title={messages.staleTitle} lead={messages.staleLead} query={courses}>
      {(rows) => (
        <>
          {invalidate.isError ? <FaultNote fault={invalidate.error} /> : null}
          <p role="status">{invalidate.isSuccess ? messages.invalidated : null}</p>
          <Table
            label={messages.staleTitle}
            head={[
              messages.course,
              messages.learners,
              messages.stale,
              messages.behind,
              messages.newestActivity,
              messages.invalidateAll,
            ]}
          >
            {rows.map((row) => (
              <tr key={row.course.slug}>
                <td>
                  {row.course.title}
                  <br />
                  <code>{row.course.slug}</code>
                </td>
                <td className="number">
                  {row.learners}
                  {row.isSample ? <span className="fine"> {messages.firstOnly(LOOKED_AT)}</span> : null}
                </td>
                <td className="number">{row.stale}</td>
                <td className="number">{row.behind}</td>
                <td>{row.lastActive === null ? "–" : formatInstant(row.lastActive, language)}</td>
                <td>
                  <button
                    type="button"
                    className="button is-small"
                    aria-disabled={invalidate.isPending}
                    onClick={() => {
                      if (!invalidate.isPending) invalidate.mutate(row.course.slug);
                    }}
                  >
                    {messages.invalidateAll}
                    <span className="visually-hidden"> ({row.course.title})</span>
                  </button>
                </td>
              </tr>
            ))}
          </Table>
        </>
      )}
    </Section>
  );
}

async function freshness(course: Course): Promise<CourseFreshness> {
  const page = await request<Page<EnrollmentRow>>(`/courses/${course.slug}/enrollments`, {
    query: { limit: LOOKED_AT },
  });
  const rows = page.results;
  const activity = rows.map((row) => row.last_active_at).sort();
  return {
    course,
    learners: rows.length,
    stale: rows.filter((row) => row.is_stale).length,
    behind: rows.filter((row) => row.course_version !== course.active_version).length,
    lastActive: activity.at(-1) ?? null,
    isSample: page.next_cursor !== null,
  };
}
