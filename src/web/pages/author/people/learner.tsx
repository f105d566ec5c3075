import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { Link } from "wouter";
import { useNeeds } from "../../../api/needs.ts";
import { isAbsent, isRefusal } from "../../../api/problem.ts";
import { allPages } from "../../../api/queries.ts";
import { request } from "../../../api/request.ts";
import type { ChapterRow, Explanation, ProblemRow } from "../../../api/types.ts";
import { formatInstant, useLanguage } from "../../../i18n/index.ts";
import { usePeopleText } from "../../../i18n/people.ts";
import { FaultNote, Loading } from "../../../parts/fault.tsx";
import { Page } from "../../../parts/page.tsx";
import { Segments } from "../../../parts/segments.tsx";
import { StateBadge } from "../../../parts/state.tsx";
import { Why } from "../../../parts/why.tsx";
import { MapGraph } from "../../map/graph.tsx";
import { type MapNode, mapNodes, NARROW } from "../../map/layout.ts";
import { ForbiddenPage, NotFoundPage } from "../../not-found.tsx";
import { type EnrollmentDetail, type History, peopleKey, useLanguageQuery } from "./api.ts";
import { LearnerCertificate } from "./certificate.tsx";
import { Decisions } from "./decisions.tsx";
import { LearnerSettings } from "./learner-settings.tsx";
import { MessageForm } from "./message.tsx";
import { LearnerPause } from "./pause.tsx";
import { StaffTrail, useRights } from "./trail.tsx";

/** One learner of a course: what they see and why, what happened, and the decisions of staff. */
export default function LearnerPage({ course, user }: { course: string; user: string }) {
  const text = usePeopleText();
  const { isKnown, isStaff, mayManage } = useRights(course);
  const language = useLanguageQuery();
  const asked = { ...language, learner: user };
  const key = [...peopleKey(course), "learner", user];
  const chapters = useQuery({
    queryKey: [...key, "chapters", language.lang],
    queryFn: () => allPages<ChapterRow>(`/courses/${course}/chapters`, asked),
    enabled: isKnown,
  });
  const problems = useQuery({
    queryKey: [...key, "problems", language.lang],
    queryFn: () => allPages<ProblemRow>(`/courses/${course}/problems`, asked),
    enabled: isKnown,
  });
  const detail = useQuery({
    queryKey: [...key, "detail"],
    queryFn: () => request<EnrollmentDetail>(`/enrollments/${course}:${encodeURIComponent(user)}`),
    enabled: isStaff,
  });
  const [selected, setSelected] = useState<string | null>(null);
  const nodes = useMemo(() => mapNodes(chapters.data ?? [], problems.data ?? []), [chapters.data, problems.data]);
  const fault = chapters.error ?? problems.error;
  if (isAbsent(fault)) return <NotFoundPage />;
  if (isRefusal(fault, "forbidden")) return <ForbiddenPage />;
  const items = [...(chapters.data ?? []), ...(problems.data ?? [])];
  const item = items.find(({ id }) => id === selected) ?? null;
  return (
    <Page
      title={text.learnerTitle(user)}
      wide
      lead={<p>{isStaff ? text.learnerLead : text.observedLead}</p>}
      above={isStaff ? <StaffTrail course={course} mayManage={mayManage} /> : undefined}
    >
      {isRefusal(fault, "not_enrolled") ? <p>{text.notEnrolled}</p> : null}
      {fault !== null && !isRefusal(fault, "not_enrolled") ? <FaultNote fault={fault} /> : null}
      {chapters.isPending || problems.isPending ? <Loading /> : null}
      {chapters.data === undefined || problems.data === undefined ? null : (
        <>
          <div className="learner">
            <Course course={course} nodes={nodes} isStaff={isStaff} selected={selected} select={setSelected} />
            <div className="learner-side">
              {item === null ? (
                <p className="fine">{text.chooseItem}</p>
              ) : (
                <>
                  <h2>{item.title}</h2>
                  <StateBadge state={item.status} />
                  <ItemWhy course={course} user={user} item={item} problems={problems.data} />
                  {isStaff && detail.data !== undefined ? (
                    <Decisions
                      key={item.id}
                      course={course}
                      enrollment={detail.data}
                      item={item.id}
                      mayDecide={mayManage}
                    />
                  ) : null}
                </>
              )}
            </div>
          </div>
          {isStaff ? (
            <section aria-labelledby="message">
              <h2 id="message">{text.messageTitle}</h2>
              <MessageForm course={course} users={[user]} />
            </section>
          ) : null}
          {isStaff ? <LearnerCertificate course={course} user={user} mayManage={mayManage} /> : null}
          {mayManage && detail.data !== undefined ? <LearnerPause course={course} enrollment={detail.data} /> : null}
          {mayManage && detail.data !== undefined ? (
            <LearnerSettings key={detail.data.policy_seq} course={course} user={user} enrollment={detail.data} />
          ) : null}
          <HistoryPart course={course} user={user} />
        </>
      )}
      {isStaff ? <Link href={`/author/${course}/people`}>{text.people}</Link> : null}
    </Page>
  );
}

function Course(props: {
  course: string;
  nodes: readonly MapNode[];
  isStaff: boolean;
  selected: string | null;
  select: (item: string | null) => void;
}) {
  const { course, nodes, isStaff, selected, select } = props;
  const text = usePeopleText();
  const [view, setView] = useState<"map" | "list">(() => (isStaff && !matchMedia(NARROW).matches ? "map" : "list"));
  const rows = nodes.map(({ row }) => row);
  // The lines are those for a new learner of the course: only staff may read these.
  const needs = useNeeds(course, isStaff && view === "map" ? rows : [], 0, "newcomer");
  const list = (
    <ol className="learner-list">
      {nodes.flatMap((node) => [
        <ItemRow key={node.id} row={node.row} isInner={false} isSelected={node.id === selected} select={select} />,
        ...node.problems.map((problem) => (
          <ItemRow key={problem.id} row={problem} isInner isSelected={problem.id === selected} select={select} />
        )),
      ])}
    </ol>
  );
  return (
    <section aria-label={text.asTheySee}>
      {isStaff ? (
        <div className="people-bar">
          <Segments
            label={text.asTheySee}
            options={[
              ["map", text.map],
              ["list", text.list],
            ]}
            value={view}
            onChange={setView}
          />
        </div>
      ) : null}
      {view === "list" || needs.isError ? list : null}
      {view === "map" && needs.data !== undefined ? (
        <MapGraph nodes={nodes} needs={needs.data} selected={selected} missing={NOTHING} select={select} />
      ) : null}
      {view === "map" && needs.isPending ? <Loading /> : null}
    </section>
  );
}

const NOTHING: ReadonlySet<string> = new Set();

function ItemRow(props: {
  row: ChapterRow | ProblemRow;
  isInner: boolean;
  isSelected: boolean;
  select: (item: string) => void;
}) {
  const { row, isInner, isSelected, select } = props;
  const text = usePeopleText();
  const score = "best_score" in row ? row.best_score : null;
  return (
    <li>
      <button
        type="button"
        className={isInner ? "learner-row is-inner" : "learner-row"}
        aria-pressed={isSelected}
        onClick={() => select(row.id)}
      >
        <StateBadge state={row.status} />
        <span className="row-title">{row.title}</span>
        {score === null ? null : <span className="fine">{text.score(Math.round(score))}</span>}
      </button>
    </li>
  );
}

function ItemWhy(props: {
  course: string;
  user: string;
  item: ChapterRow | ProblemRow;
  problems: readonly ProblemRow[];
}) {
  const { course, user, item, problems } = props;
  const language = useLanguageQuery();
  const why = useQuery({
    queryKey: [...peopleKey(course), "learner", user, "why", item.id, item.status, language.lang],
    queryFn: () =>
      request<Explanation>(`/courses/${course}/items/${item.id}/why`, { query: { ...language, learner: user } }),
    enabled: item.status === "locked",
  });
  if (item.status !== "locked") return null;
  if (why.isError) return <FaultNote fault={why.error} />;
  if (why.data === undefined) return <Loading />;
  return (
    <Why course={course} lock={why.data} sentence={why.data.sentence[language.lang]} problems={problems} level={3} />
  );
}

function HistoryPart({ course, user }: { course: string; user: string }) {
  const text = usePeopleText();
  const language = useLanguage();
  const history = useQuery({
    queryKey: [...peopleKey(course), "learner", user, "history", language],
    queryFn: () =>
      request<History>(`/enrollments/${course}:${encodeURIComponent(user)}/history`, { query: { lang: language } }),
  });
  const [shown, setShown] = useState(20);
  const rows = history.data?.results ?? [];
  return (
    <section aria-labelledby="history">
      <h2 id="history">{text.history}</h2>
      {history.isError ? <FaultNote fault={history.error} retry={() => void history.refetch()} /> : null}
      {history.isSuccess && rows.length === 0 ? <p>{text.noHistory}</p> : null}
      <ol className="history">
        {rows.slice(0, shown).map(({ at, kind, items }) => (
          <li key={`${at} ${kind} ${items[0]?.id}`}>
            <time dateTime={at} className="fine">
              {formatInstant(at, language)}
            </time>
            <span>
              {text.happened(kind)}: {items.map(({ title }) => title).join(", ")}
            </span>
          </li>
        ))}
      </ol>
      {rows.length > shown ? (
        <button type="button" className="button is-small" onClick={() => setShown(shown + 100)}>
          {text.more}
        </button>
      ) : null}
    </section>
  );
}
