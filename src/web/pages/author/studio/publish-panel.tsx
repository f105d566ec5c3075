import { useId, useState } from "react";
import { Link } from "wouter";
import type { PublishImpact } from "../../../api/types.ts";
import { useLanguage, useMessages } from "../../../i18n/index.ts";
import { useStudioText } from "../../../i18n/studio.ts";
import { FaultNote } from "../../../parts/fault.tsx";
import { type Outcome, type Policy, useSendDraft } from "../publish.ts";
import { Compare } from "./compare.tsx";
import { SelectField, TextField } from "./fields.tsx";
import { titleIn } from "./text.ts";
import { itemsOf, type Tree } from "./tree.ts";

/** The limit of items whose changes are listed. */
const MAX_ITEMS_LISTED = 200;

/** What publishing would change, by title and learner; and publishing. */
export function PublishPanel(props: {
  course: string;
  tree: Tree | null;
  text: () => string;
  errors: number;
  onPublished: (version: number) => void;
  showProblems: () => void;
}) {
  const { course, tree, text: written, errors, onPublished, showProblems } = props;
  const text = useStudioText();
  const messages = useMessages();
  const [policy, setPolicy] = useState<Policy>("grandfather");
  const [note, setNote] = useState("");
  const send = useSendDraft(course, messages);
  const submit = (isTrial: boolean) => {
    if (send.isPending) return;
    const done = (result: Outcome) => {
      if (result.kind === "published") onPublished(result.published.version);
    };
    send.mutate({ draft: { text: written(), policy, note }, isTrial }, { onSuccess: done });
  };
  const outcome = send.data;
  return (
    <div className="workbench">
      <section className="publish" aria-labelledby="publish">
        <h2 id="publish">{messages.publish}</h2>
        {errors === 0 ? null : (
          <p>
            {text.publishErrors(errors)}{" "}
            <button type="button" className="link" onClick={showProblems}>
              {text.toProblems}
            </button>
          </p>
        )}
        <div className="form">
          <SelectField
            label={messages.policy}
            value={policy}
            options={[
              ["grandfather", messages.policyGrandfather],
              ["relock", messages.policyRelock],
            ]}
            onChange={setPolicy}
          />
          <TextField label={messages.versionNote} hint={messages.noteHint} value={note} onChange={setNote} />
          <div className="actions">
            <button type="button" className="button" aria-disabled={send.isPending} onClick={() => submit(true)}>
              {messages.dryRun}
            </button>
            <button
              type="button"
              className="button is-primary"
              aria-disabled={send.isPending}
              onClick={() => submit(false)}
            >
              {send.isPending ? messages.working : messages.publish}
            </button>
          </div>
        </div>
        {send.isError ? <FaultNote fault={send.error} /> : null}
        <div role="status">{outcome === undefined ? null : <Said course={course} outcome={outcome} tree={tree} />}</div>
      </section>
      <Compare course={course} text={written} />
    </div>
  );
}

function Said({ course, outcome, tree }: { course: string; outcome: Outcome; tree: Tree | null }) {
  const text = useStudioText();
  const messages = useMessages();
  if (outcome.kind === "refused") {
    return (
      <p className="note is-bad" data-outcome="refused">
        {messages.errorsFound(outcome.errors.length)}
      </p>
    );
  }
  if (outcome.kind === "impact") return <Impact impact={outcome.impact} tree={tree} />;
  const { created, version } = outcome.published;
  return (
    <div className="note is-good" data-outcome="published">
      <div>
        <strong>{created ? messages.publishedAs(version) : messages.publishedSame(version)}</strong>
        {outcome.warnings.length === 0 ? null : <p>{text.findingsCount(0, outcome.warnings.length)}</p>}
        <p>
          <Link href={`/author/${course}/people?view=add`}>{text.inviteNext}</Link> ·{" "}
          <Link href={`/courses/${course}`}>{messages.mapTitle}</Link>
        </p>
      </div>
    </div>
  );
}

function Impact({ impact: { impact }, tree }: { impact: PublishImpact; tree: Tree | null }) {
  const text = useStudioText();
  const messages = useMessages();
  const language = useLanguage();
  const id = useId();
  const titles = new Map(
    tree === null ? [] : [...itemsOf(tree)].map(({ fields }) => [String(fields.id), titleIn(fields.title, language)]),
  );
  const title = (item: string) => titles.get(item) || item;
  const { enrollments, evaluated, gaining, losing, items, learners = [] } = impact;
  return (
    <div className="note is-good" data-outcome="impact">
      <div>
        <strong>{messages.impact}</strong>
        <p>{messages.impactEnrollments(evaluated, enrollments)}.</p>
        {items.length === 0 ? (
          <p>{messages.noChange}</p>
        ) : (
          <p>
            {messages.gaining(gaining)}, {messages.losing(losing)}.
          </p>
        )}
        {items.length === 0 ? null : (
          <>
            <h3 id={`${id}-items`}>{text.byItem}</h3>
            <ul className="studio-impact" aria-labelledby={`${id}-items`}>
              {items.slice(0, MAX_ITEMS_LISTED).map(({ item, gain, lose }) => (
                <li key={item}>
                  {title(item)}: {text.gainLose(gain, lose)}
                </li>
              ))}
            </ul>
            {items.length > MAX_ITEMS_LISTED ? <p>{text.andMore(items.length - MAX_ITEMS_LISTED)}</p> : null}
            <h3 id={`${id}-learners`}>{text.byLearner}</h3>
            <ul className="studio-impact" aria-labelledby={`${id}-learners`}>
              {learners.map(({ user_id, name, gain, lose }) => (
                <li key={user_id}>
                  <strong>{name ?? user_id}</strong>
                  {gain.length === 0 ? null : ` ${text.opensFor(gain.map(title).join(", "))}`}
                  {lose.length === 0 ? null : ` ${text.locksFor(lose.map(title).join(", "))}`}
                </li>
              ))}
            </ul>
            {gaining + losing > learners.length ? <p className="fine">{text.someOnly(learners.length)}</p> : null}
          </>
        )}
      </div>
    </div>
  );
}
