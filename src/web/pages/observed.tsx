import { Link } from "wouter";
import { useLearningText } from "../i18n/learning.ts";
import { FaultNote, Loading } from "../parts/fault.tsx";
import { Page } from "../parts/page.tsx";
import { useObserved } from "./learning/api.ts";

/** Whom one observes: a parent, a mentor. Each leads to the learner's map, which one only reads. */
export default function ObservedPage() {
  const text = useLearningText();
  const observed = useObserved();
  return (
    <Page title={text.observedTitle} lead={<p>{text.observedLead}</p>}>
      {observed.isPending ? <Loading /> : null}
      {observed.isError ? <FaultNote fault={observed.error} retry={() => void observed.refetch()} /> : null}
      {observed.data?.results.length === 0 ? <p>{text.observedNone}</p> : null}
      <ul className="cards">
        {observed.data?.results.map(({ course, title, learner_id: learner, name }) => (
          <li key={`${course} ${learner}`} className="card">
            <h2>{name ?? learner}</h2>
            <p className="fine">{title}</p>
            <Link className="button" href={`/courses/${course}/learners/${encodeURIComponent(learner)}`}>
              {text.observedOpen}
              <span className="visually-hidden">
                : {name ?? learner}, {title}
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </Page>
  );
}
