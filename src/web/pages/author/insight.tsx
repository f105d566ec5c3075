import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import { useCourseInfo } from "../../api/queries.ts";
import { request } from "../../api/request.ts";
import type { PredictionPage } from "../../api/types.ts";
import { formatInstant, useLanguage, useMessages } from "../../i18n/index.ts";
import { FaultNote, Loading } from "../../parts/fault.tsx";
import { Page } from "../../parts/page.tsx";
import { useHasRole } from "../../session/hooks.ts";
import { ForbiddenPage } from "../not-found.tsx";
import { Table } from "../operator/section.tsx";

/** The learners of one course who may fall behind, why, and what to do: for its author. */
export default function InsightPage({ course }: { course: string }) {
  const messages = useMessages();
  const language = useLanguage();
  const info = useCourseInfo(course);
  const isAdmin = useHasRole("admin");
  const isStaff = isAdmin || (info.data !== undefined && info.data.role !== null);
  const list = useInfiniteQuery({
    queryKey: ["insight", course, language],
    queryFn: ({ pageParam }) =>
      request<PredictionPage>(`/courses/${course}/insight/at-risk`, {
        query: { lang: language, cursor: pageParam ?? undefined },
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    enabled: isStaff,
  });
  if (!isStaff && !info.isPending) return <ForbiddenPage />;
  const rows = list.data?.pages.flatMap(({ results }) => results) ?? [];
  const head = [
    messages.learner,
    messages.insightChance,
    messages.insightWhy,
    messages.insightDo,
    messages.insightAsOf,
  ];
  return (
    <Page
      title={messages.insightTitle}
      lead={<p>{messages.insightLead}</p>}
      wide
      above={
        <nav className="trail" aria-label={messages.back}>
          <Link href={`/author/${course}`}>{course}</Link>
        </nav>
      }
    >
      {list.isError ? <FaultNote fault={list.error} retry={() => void list.refetch()} /> : null}
      {list.isPending ? <Loading /> : null}
      {list.isSuccess && rows.length === 0 ? <p>{messages.insightNone}</p> : null}
      {rows.length === 0 ? null : (
        <Table label={messages.insightTitle} head={head}>
          {rows.map((row) => (
            <tr key={row.enrollment_id}>
              <td>
                <code>{row.user_id}</code>
              </td>
              <td className="number">{Math.round(row.probability_of_passing * 100)} %</td>
              <td>{row.summary}</td>
              <td>{row.advice ?? "–"}</td>
              <td>
                {formatInstant(row.predicted_at, language)} ({messages.insightDay(row.day)}
                {row.kind === "backtest" ? `, ${messages.insightBacktest}` : ""}
                {row.outcome === null ? "" : `; ${messages.insightOutcome[row.outcome]}`})
              </td>
            </tr>
          ))}
        </Table>
      )}
      {rows.some(({ kind }) => kind === "backtest") ? <p className="fine">{messages.insightBacktestHint}</p> : null}
      {list.hasNextPage ? (
        <button type="button" className="button" onClick={() => void list.fetchNextPage()}>
          {messages.more}
        </button>
      ) : null}
    </Page>
  );
}
