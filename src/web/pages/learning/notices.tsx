import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "wouter";
import { courseKey, useProblems } from "../../api/queries.ts";
import { request } from "../../api/request.ts";
import { formatInstant, useLanguage } from "../../i18n/index.ts";
import { type LearningText, useLearningText } from "../../i18n/learning.ts";
import { FaultNote } from "../../parts/fault.tsx";
import { itemPath } from "../../parts/why.tsx";
import { isOutside, type NoticeList, useCourseNotices } from "./api.ts";

/** Titles that one notice names; a course may open whole. */
const NAMED = 5;

/** What is new for the learner in a course, with how much of it is unread. */
export function NoticesBox({ course }: { course: string }) {
  const text = useLearningText();
  const language = useLanguage();
  const client = useQueryClient();
  const notices = useCourseNotices(course);
  const problems = useProblems(course).data?.results ?? [];
  const newest = notices.data?.results[0]?.at;
  const mark = useMutation({
    mutationFn: () =>
      request<unknown>(`/courses/${course}/notices/read`, { method: "PUT", body: { until: newest ?? "" } }),
    onSuccess: () => client.invalidateQueries({ queryKey: [...courseKey(course), "notices"] }),
  });
  if (isOutside(notices.error)) return null;
  if (notices.isError) return <FaultNote fault={notices.error} retry={() => void notices.refetch()} />;
  const { results = [], unread = 0 } = notices.data ?? {};
  return (
    <details className="learning-box">
      <summary>{text.notices(unread)}</summary>
      {results.length === 0 ? <p className="fine">{text.noNotices}</p> : null}
      {unread === 0 ? null : (
        <button
          type="button"
          className="button is-small"
          aria-disabled={mark.isPending}
          onClick={() => {
            if (!mark.isPending) mark.mutate();
          }}
        >
          {text.markRead}
        </button>
      )}
      {mark.isError ? <FaultNote fault={mark.error} /> : null}
      <ul className="notice-list">
        {results.map((notice) => (
          <li key={notice.id} className={notice.is_read ? undefined : "is-unread"}>
            {notice.is_read ? null : <span className="tag">{text.unread}</span>}
            <span>
              {notice.kind === "message" ? <strong>{text.message}</strong> : sentenceOf(notice, text)}
              {notice.kind === "message" ? <span className="notice-text">{notice.text}</span> : null}
              {notice.items.length === 1 && notice.items[0] !== undefined ? (
                <>
                  {" "}
                  <Link href={itemPath(course, notice.items[0].id, problems)}>{text.go}</Link>
                </>
              ) : null}
            </span>
            <span className="fine">{formatInstant(notice.at, language)}</span>
          </li>
        ))}
      </ul>
    </details>
  );
}

function sentenceOf({ kind, items }: NoticeList["results"][number], text: LearningText): string {
  const titles = items.slice(0, NAMED).map(({ title }) => title);
  const named = titles.join(", ") + (items.length > NAMED ? text.andMore(items.length - NAMED) : "");
  if (kind === "graded") return text.graded(named);
  return kind === "due_soon" ? text.dueSoon(named) : text.opened(named);
}
