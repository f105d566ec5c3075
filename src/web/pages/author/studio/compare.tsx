import { useState } from "react";
import { useVersions } from "../../../api/queries.ts";
import { useLanguage, useMessages } from "../../../i18n/index.ts";
import { useStudioText } from "../../../i18n/studio.ts";
import { FaultNote } from "../../../parts/fault.tsx";
import { type Difference, differences } from "./differences.ts";
import { SelectField } from "./fields.tsx";
import { treeOf } from "./text.ts";
import { versionText } from "./use-copy.ts";

/** The limit of shown lines in a comparison. */
const MAX_LINES = 500;
const COPY = "copy";

type Outcome = ReturnType<typeof differences>;

/** The differences between two versions, or a version and the present text, by title. */
export function Compare({ course, text: written }: { course: string; text: () => string }) {
  const text = useStudioText();
  const messages = useMessages();
  const language = useLanguage();
  const versions = useVersions(course);
  const [from, setFrom] = useState<string | null>(null);
  const [to, setTo] = useState(COPY);
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const [fault, setFault] = useState<unknown>(null);
  const known = versions.data ?? [];
  const active = known.find(({ is_active }) => is_active) ?? known[0];
  if (active === undefined) return <p className="fine">{messages.noVersions}</p>;
  const chosen = from ?? String(active.version);
  const options = [
    [COPY, text.workingCopy] as [string, string],
    ...known.map(({ version, note }): [string, string] => [
      String(version),
      `${messages.versionN(version)}${note === null ? "" : ` · ${note}`}`,
    ]),
  ];
  const read = async (which: string) => {
    const tree = treeOf({ text: which === COPY ? written() : await versionText(course, Number(which)) });
    if (tree === null) throw new Error(text.notADocument);
    return tree;
  };
  const compare = async () => {
    setFault(null);
    try {
      const [a, b] = await Promise.all([read(chosen), read(to)]);
      setOutcome(differences(a, b, language));
    } catch (reason) {
      setOutcome(null);
      setFault(reason);
    }
  };
  return (
    <section aria-labelledby="compare">
      <h2 id="compare">{text.compare}</h2>
      <div className="form">
        <SelectField label={text.compareFrom} value={chosen} options={options} onChange={setFrom} />
        <SelectField label={text.compareTo} value={to} options={options} onChange={setTo} />
        <button type="button" className="button" onClick={() => void compare()}>
          {text.compare}
        </button>
      </div>
      {fault === null ? null : <FaultNote fault={fault} />}
      <div role="status">{outcome === null ? null : <Differences outcome={outcome} />}</div>
    </section>
  );
}

function Differences({ outcome: { course, items } }: { outcome: Outcome }) {
  const text = useStudioText();
  if (course.length + items.length === 0) return <p>{text.noDifference}</p>;
  const listed = items.slice(0, MAX_LINES);
  return (
    <ul className="studio-differences">
      {course.length === 0 ? null : (
        <li data-difference="changed">
          <span className="tag">{text.difference.changed}</span> {text.theCourse}{" "}
          <span className="fine">{course.map(text.fieldName).join(", ")}</span>
        </li>
      )}
      {listed.map((difference) => (
        <Line key={`${difference.kind} ${difference.id}`} difference={difference} />
      ))}
      {items.length > listed.length ? <li>{text.andMore(items.length - listed.length)}</li> : null}
    </ul>
  );
}

function Line({ difference: { kind, title, fields } }: { difference: Difference }) {
  const text = useStudioText();
  return (
    <li data-difference={kind}>
      <span className={`tag is-${kind}`}>{text.difference[kind]}</span> {title}{" "}
      <span className="fine">{fields.map(text.fieldName).join(", ")}</span>
    </li>
  );
}
