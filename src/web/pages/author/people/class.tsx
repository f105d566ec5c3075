import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { isAbsent } from "../../../api/problem.ts";
import { allPages, useChapters } from "../../../api/queries.ts";
import { request } from "../../../api/request.ts";
import type { PredictionPage } from "../../../api/types.ts";
import { useLanguage, useMessages } from "../../../i18n/index.ts";
import { usePeopleText } from "../../../i18n/people.ts";
import { useGrowing } from "../../../lib/use-growing.ts";
import { FaultNote, Loading } from "../../../parts/fault.tsx";
import { Page } from "../../../parts/page.tsx";
import { Segments } from "../../../parts/segments.tsx";
import { stateWord } from "../../../parts/state.tsx";
import { session } from "../../../session/store.ts";
import { ForbiddenPage, NotFoundPage } from "../../not-found.tsx";
import { type ClassPage as ClassPageOf, peopleKey, useCohorts } from "./api.ts";
import { ClassTable } from "./class-table.tsx";
import { Selection } from "./selection.tsx";
import { Stuck } from "./stuck.tsx";
import { StaffTrail, useRights } from "./trail.tsx";

/** Rows that are drawn at once: each has fifty cells. */
const ROWS_AT_ONCE = 12;
const STATES = ["locked", "unlocked", "started", "completed"] as const;
type Filter = { cohort: string; chapter: string; state: string; sort: "name" | "last_active" };

/** A class as a table of learners by items, and as a picture of how far everybody is. */
export default function ClassPage({ course }: { course: string }) {
  const text = usePeopleText();
  const { info, isKnown, isStaff, mayManage } = useRights(course);
  const [view, setView] = useState<"table" | "stuck">("table");
  const [filter, setFilter] = useState<Filter>({ cohort: "", chapter: "", state: "", sort: "name" });
  if (isAbsent(info.error)) return <NotFoundPage />;
  if (isKnown && !isStaff) return <ForbiddenPage />;
  return (
    <Page
      title={text.classView}
      wide
      lead={<p>{text.classLead}</p>}
      above={<StaffTrail course={course} mayManage={mayManage} />}
    >
      {info.isError ? <FaultNote fault={info.error} retry={() => void info.refetch()} /> : null}
      {isKnown ? (
        <>
          <div className="people-bar">
            <Segments
              label={text.classView}
              options={[
                ["table", text.table],
                ["stuck", text.stuck],
              ]}
              value={view}
              onChange={setView}
            />
            <Filters course={course} view={view} filter={filter} change={setFilter} />
          </div>
          {view === "table" ? (
            <Rows course={course} filter={filter} mayManage={mayManage} />
          ) : (
            <Stuck course={course} cohort={filter.cohort} />
          )}
        </>
      ) : (
        <Loading />
      )}
    </Page>
  );
}

function Filters(props: { course: string; view: "table" | "stuck"; filter: Filter; change: (filter: Filter) => void }) {
  const { course, view, filter, change } = props;
  const text = usePeopleText();
  const messages = useMessages();
  const cohorts = useCohorts(course);
  const chapters = useChapters(course);
  const select = (label: string, name: "cohort" | "chapter" | "state", all: string, options: [string, string][]) => (
    <label className="field">
      <span className="visually-hidden">{label}</span>
      <select value={filter[name]} onChange={(event) => change({ ...filter, [name]: event.target.value })}>
        <option value="">{all}</option>
        {options.map(([value, shown]) => (
          <option key={value} value={value}>
            {shown}
          </option>
        ))}
      </select>
    </label>
  );
  return (
    <search className="filters">
      {select(
        text.cohort,
        "cohort",
        text.allCohorts,
        (cohorts.data?.results ?? []).map(({ name }) => [name, name]),
      )}
      {view === "stuck" ? null : (
        <>
          {select(
            text.chapter,
            "chapter",
            text.allChapters,
            (chapters.data?.results ?? []).map(({ id, title }) => [id, title]),
          )}
          {select(
            text.itemState,
            "state",
            text.anyState,
            STATES.map((state) => [state, stateWord(state, messages)]),
          )}
          <label className="field">
            <span className="visually-hidden">{text.sortBy}</span>
            <select
              value={filter.sort}
              onChange={(event) =>
                change({ ...filter, sort: event.target.value === "last_active" ? "last_active" : "name" })
              }
            >
              <option value="name">{`${text.sortBy}: ${text.sortName}`}</option>
              <option value="last_active">{`${text.sortBy}: ${text.sortActive}`}</option>
            </select>
          </label>
        </>
      )}
    </search>
  );
}

function Rows({ course, filter, mayManage }: { course: string; filter: Filter; mayManage: boolean }) {
  const text = usePeopleText();
  const language = useLanguage();
  const [columns, setColumns] = useState<string | null>(null);
  const query = {
    lang: language,
    sort: filter.sort,
    cohort: filter.cohort === "" ? undefined : filter.cohort,
    chapter: filter.chapter === "" ? undefined : filter.chapter,
    state: filter.state === "" ? undefined : filter.state,
    item_cursor: columns ?? undefined,
  };
  const table = useInfiniteQuery({
    queryKey: [...peopleKey(course), "class", query],
    queryFn: ({ pageParam }) =>
      request<ClassPageOf>(`/courses/${course}/class`, { query: { ...query, cursor: pageParam ?? undefined } }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: keepPreviousData,
  });
  // A school without predictions sees a table without them.
  const risks = useQuery({
    queryKey: [...peopleKey(course), "risks", language],
    queryFn: () =>
      allPages<PredictionPage["results"][number]>(`/courses/${course}/insight/at-risk`, { lang: language, limit: 200 }),
    retry: false,
  });
  const first = table.data?.pages[0];
  const rows = table.data?.pages.flatMap(({ results }) => results) ?? [];
  const drawn = useGrowing(rows.length, ROWS_AT_ONCE);
  const [fault, setFault] = useState<unknown>(null);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const selected = rows.filter(({ user_id }) => chosen.has(user_id)).map(({ user_id }) => user_id);
  return (
    <>
      {mayManage ? <Selection course={course} users={selected} clear={() => setChosen(new Set())} /> : null}
      {table.isError ? <FaultNote fault={table.error} retry={() => void table.refetch()} /> : null}
      {table.isPending ? <Loading /> : null}
      {table.isSuccess && rows.length === 0 && !table.hasNextPage ? <p>{text.nobodyFound}</p> : null}
      {first === undefined || rows.length === 0 ? null : (
        <ClassTable
          course={course}
          items={first.items}
          rows={rows.slice(0, drawn)}
          risks={risks.data ?? []}
          chosen={chosen}
          choose={mayManage ? setChosen : null}
        />
      )}
      <div className="actions">
        {table.hasNextPage ? (
          <button type="button" className="button" onClick={() => void table.fetchNextPage()}>
            {text.more}
          </button>
        ) : null}
        {first?.next_item_cursor == null ? null : (
          <button type="button" className="button" onClick={() => setColumns(first.next_item_cursor)}>
            {text.nextItems}
          </button>
        )}
        {columns === null ? null : (
          <button type="button" className="button" onClick={() => setColumns(null)}>
            {text.firstItems}
          </button>
        )}
        <button type="button" className="button" onClick={() => void download(course, query).then(setFault, setFault)}>
          {text.csv}
        </button>
      </div>
      {fault == null ? null : <FaultNote fault={fault} />}
    </>
  );
}

/** Saves the table as a file. The address needs a token, so a plain link is not possible. */
async function download(course: string, query: Record<string, string | undefined>): Promise<null> {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) parameters.set(name, value);
  const response = await fetch(`/api/v1/courses/${course}/class/export?${parameters}`, {
    headers: { authorization: `Bearer ${await session.token()}` },
  });
  if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await response.blob());
  link.download = `${course}.csv`;
  link.click();
  URL.revokeObjectURL(link.href);
  return null;
}
