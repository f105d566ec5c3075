import { type InfiniteData, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { Link, useLocation } from "wouter";
import { useCourses } from "../../../api/queries.ts";
import { type Page as ListPage, type PendingSubmission, shortName } from "../../../api/types.ts";
import { useGradingText } from "../../../i18n/grading.ts";
import { formatInstant, useLanguage, useMessages } from "../../../i18n/index.ts";
import { FaultNote, Loading } from "../../../parts/fault.tsx";
import { Page } from "../../../parts/page.tsx";
import { useUser } from "../../../session/hooks.ts";
import { ForbiddenPage } from "../../not-found.tsx";
import { keepSingleKeys, readSingleKeys, useKeys } from "./keys.ts";
import { COUNTS, type Filter, QUEUE, useCounts, useGraded, useQueue } from "./queue.ts";
import { Work } from "./work.tsx";

const EVERYTHING: Filter = { course: "", item: "", cohort: "" };

/** Answers that wait for a person, one after the other: the queue on the side, then the answer with its verdict. */
export default function GradingPage({ submission }: { submission: string | null }) {
  const gradingText = useGradingText();
  const user = useUser();
  const courses = useCourses();
  const [filter, setFilter] = useState(EVERYTHING);
  const [hasKeys, setKeys] = useState(readSingleKeys);
  const [given, setGiven] = useState<{ id: string; learner: string }[]>([]);
  const queue = useQueue(filter);
  const counts = useCounts(filter.course, user?.role === "admin");
  const graded = useGraded(submission);
  const [, navigate] = useLocation();
  const client = useQueryClient();
  const mine = courses.data?.filter(({ role }) => user?.role === "admin" || role !== null) ?? [];
  const done = new Set(given.map(({ id }) => id));
  // The list comes from the mirror, which follows a moment later. Answers judged here are removed at once.
  const rows = queue.data?.pages.flatMap(({ results }) => results).filter(({ id }) => !done.has(id)) ?? [];
  const at = rows.findIndex(({ id }) => id === submission);
  const go = (row: PendingSubmission | undefined) => navigate(row === undefined ? "/grading" : `/grading/${row.id}`);
  const next = () => go(at < 0 ? rows[0] : rows[Math.min(at + 1, rows.length - 1)]);
  const previous = () => go(rows[Math.max(at - 1, 0)]);
  useKeys(hasKeys, { n: next, p: previous });
  const work = useRef<HTMLDivElement>(null);
  const shown = graded.data?.id;
  const isMoved = useRef(false);
  useEffect(() => {
    // After a change to another answer the focus moves to it; the very first answer leaves the focus where it is.
    if (shown !== undefined && isMoved.current) work.current?.querySelector<HTMLElement>("h2")?.focus();
    isMoved.current = true;
  }, [shown]);
  if (courses.isSuccess && mine.length === 0 && user?.role === "learner") return <ForbiddenPage />;
  const onGiven = () => {
    if (graded.data === undefined) return;
    const { id } = graded.data;
    // A row that came by its address is not in the list; then only the id is known.
    const learner = rows.find((row) => row.id === id)?.learner_name ?? graded.data.learner;
    setGiven((before) => [{ id, learner }, ...before.filter((each) => each.id !== id)]);
    client.removeQueries({ queryKey: ["grading", "one", id] });
    client.setQueryData<InfiniteData<ListPage<PendingSubmission>>>([...QUEUE, filter], (before) =>
      before === undefined
        ? before
        : {
            ...before,
            pages: before.pages.map((page) => ({ ...page, results: page.results.filter((row) => row.id !== id) })),
          },
    );
    if (rows.length < 5 && queue.hasNextPage) void queue.fetchNextPage();
    const others = rows.filter((row) => row.id !== id);
    go(others[Math.min(Math.max(at, 0), others.length - 1)]);
    void client.invalidateQueries({ queryKey: COUNTS });
  };
  const left = counts.data === undefined ? rows.length : Math.max(counts.data.pending, rows.length);
  const isAll = counts.data?.is_complete ?? !queue.hasNextPage;
  const problems = counts.data?.results.filter(({ course_id }) => filter.course === "" || course_id === filter.course);
  return (
    <Page title={gradingText.gradingTitle} lead={<p>{gradingText.gradingLead}</p>} wide>
      <div className="grading-filters">
        <label className="field">
          <span>{gradingText.gradingCourse}</span>
          <select value={filter.course} onChange={(event) => setFilter({ ...EVERYTHING, course: event.target.value })}>
            <option value="">{gradingText.gradingAll}</option>
            {mine.map(({ slug, title }) => (
              <option key={slug} value={slug}>
                {title}
              </option>
            ))}
          </select>
        </label>
        <label className="field">
          <span>{gradingText.gradingProblem}</span>
          <select value={filter.item} onChange={(event) => setFilter({ ...filter, item: event.target.value })}>
            <option value="">{gradingText.gradingAll}</option>
            {problems?.map(({ item, pending }) => (
              <option key={item} value={item}>
                {`${filter.course === "" ? item : shortName(item)} (${pending})`}
              </option>
            ))}
          </select>
        </label>
        {filter.course === "" ? null : (
          <CohortField
            key={filter.course}
            cohort={filter.cohort}
            onChange={(cohort) => setFilter({ ...filter, cohort })}
          />
        )}
      </div>
      <div className="grading">
        <Waiting
          rows={rows}
          current={submission}
          status={queue.isSuccess ? gradingText.gradingLeft(left, isAll) : ""}
          more={queue.hasNextPage ? () => void queue.fetchNextPage() : null}
          given={given}
          onNext={next}
          onPrevious={previous}
        />
        <div ref={work}>
          {queue.isPending ? <Loading /> : null}
          {queue.isError ? <FaultNote fault={queue.error} retry={() => void queue.refetch()} /> : null}
          {queue.isSuccess && rows.length === 0 && submission === null ? (
            <>
              <p>✓ {gradingText.gradingEmpty}</p>
              <p className="fine">{gradingText.gradingEmptyHint}</p>
              <button type="button" className="button" onClick={() => void queue.refetch()}>
                {gradingText.gradingReload}
              </button>
            </>
          ) : null}
          {rows.length > 0 && submission === null ? <p>{gradingText.gradingPick}</p> : null}
          <p role="status">{given[0] === undefined ? null : gradingText.gradingGiven(given[0].learner)}</p>
          {graded.isError ? <FaultNote fault={graded.error} retry={() => void graded.refetch()} /> : null}
          {submission !== null && graded.isPending ? <Loading /> : null}
          {graded.data === undefined ? null : (
            <Work
              key={`${graded.data.id} ${graded.data.number}`}
              submission={graded.data}
              name={rows.find(({ id }) => id === graded.data.id)?.learner_name ?? graded.data.learner}
              hasKeys={hasKeys}
              onGiven={onGiven}
            />
          )}
          <Keys
            isOn={hasKeys}
            onChange={(isOn) => {
              keepSingleKeys(isOn);
              setKeys(isOn);
            }}
          />
        </div>
      </div>
    </Page>
  );
}

function CohortField({ cohort, onChange }: { cohort: string; onChange: (cohort: string) => void }) {
  const gradingText = useGradingText();
  return (
    <form
      className="grading-filters"
      onSubmit={(event) => {
        event.preventDefault();
        onChange(String(new FormData(event.currentTarget).get("cohort") ?? "").trim());
      }}
    >
      <label className="field">
        <span>{gradingText.gradingCohort}</span>
        <input name="cohort" defaultValue={cohort} maxLength={64} />
      </label>
      <button type="submit" className="button">
        {gradingText.gradingShow}
      </button>
    </form>
  );
}

function Waiting(props: {
  rows: readonly PendingSubmission[];
  current: string | null;
  status: string;
  more: (() => void) | null;
  given: readonly { id: string; learner: string }[];
  onNext: () => void;
  onPrevious: () => void;
}) {
  const { rows, current, status, more, given, onNext, onPrevious } = props;
  const messages = useMessages();
  const gradingText = useGradingText();
  const language = useLanguage();
  return (
    <nav aria-label={gradingText.gradingQueue}>
      <div className="grading-head">
        <p role="status">
          <strong>{status}</strong>
        </p>
        {rows.length === 0 ? null : (
          <div className="actions">
            <button type="button" className="button is-small" onClick={onPrevious}>
              {gradingText.gradingPrevious}
            </button>
            <button type="button" className="button is-small" onClick={onNext}>
              {gradingText.gradingNext}
            </button>
          </div>
        )}
      </div>
      <ul className="rows grading-queue">
        {rows.map(({ id, learner, learner_name: name, item, submitted_at }) => (
          <li key={id}>
            <Link href={`/grading/${id}`} aria-current={id === current ? "true" : undefined}>
              <span>{name ?? learner}</span>
              <span className="fine">
                {item} · {formatInstant(submitted_at, language)}
              </span>
            </Link>
          </li>
        ))}
      </ul>
      {more === null ? null : (
        <button type="button" className="button is-small" onClick={more}>
          {messages.more}
        </button>
      )}
      {given.length === 0 ? null : (
        <details>
          <summary>{gradingText.gradingRecent}</summary>
          <ul className="rows grading-queue">
            {given.map(({ id, learner }) => (
              <li key={id}>
                <Link href={`/grading/${id}`}>{learner}</Link>
              </li>
            ))}
          </ul>
        </details>
      )}
    </nav>
  );
}

function Keys({ isOn, onChange }: { isOn: boolean; onChange: (isOn: boolean) => void }) {
  const gradingText = useGradingText();
  return (
    <section aria-label={gradingText.gradingKeys}>
      <label className="check">
        <input type="checkbox" checked={isOn} onChange={(event) => onChange(event.target.checked)} />
        <span>{gradingText.gradingSingleKeys}</span>
      </label>
      <ul className="keys fine">
        {gradingText.gradingKeyList.map(([key, action]) => (
          <li key={key}>
            <kbd>{key}</kbd> {action}
          </li>
        ))}
      </ul>
    </section>
  );
}
