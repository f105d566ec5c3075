import { Link } from "wouter";
import { useChapters, useProblems } from "../api/queries.ts";
import { useMessages } from "../i18n/index.ts";
import { ArrowIcon, SparkIcon } from "./icons.tsx";
import { itemPath } from "./why.tsx";

/** What an answer or a completed chapter has opened, as ways in. */
export function OpenedList({ course, items }: { course: string; items: readonly string[] }) {
  const messages = useMessages();
  const chapters = useChapters(course).data?.results ?? [];
  const problems = useProblems(course).data?.results ?? [];
  const rows = [...chapters, ...problems];
  if (items.length === 0) return <p className="fine">{messages.nothingOpened}</p>;
  return (
    <div className="opened">
      <h2>
        <SparkIcon />
        {messages.whatOpened}
      </h2>
      <ul className="steps">
        {items.map((item) => (
          <li key={item}>
            <Link className="step" href={itemPath(course, item, problems)} data-opened={item}>
              <span>
                <span className="fine">
                  {problems.some((row) => row.id === item) ? messages.problem : messages.chapter}
                </span>{" "}
                {rows.find((row) => row.id === item)?.title ?? item}
              </span>
              <ArrowIcon />
            </Link>
          </li>
        ))}
      </ul>
    </div>
  );
}
