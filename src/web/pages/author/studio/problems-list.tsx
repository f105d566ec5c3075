import { useState } from "react";
import { useLanguage } from "../../../i18n/index.ts";
import { useStudioText } from "../../../i18n/studio.ts";
import { FindingText } from "./field-findings.tsx";
import { COURSE, type ItemFinding } from "./place-findings.ts";
import { titleIn } from "./text.ts";
import { itemsOf, type Tree } from "./tree.ts";

/** Most findings that are listed at once. */
const MAX_LISTED = 100;

/** All findings about the course, with links to their items. */
export function ProblemsList(props: { tree: Tree; findings: readonly ItemFinding[]; show: (key: number) => void }) {
  const { tree, findings, show } = props;
  const text = useStudioText();
  const language = useLanguage();
  const [isOpen, setIsOpen] = useState(false);
  const errors = findings.filter(({ isError }) => isError);
  // A closed list is not made, because each key would make it again.
  const all = isOpen ? [...errors, ...findings.filter(({ isError }) => !isError)] : [];
  const listed = all.slice(0, MAX_LISTED);
  const wanted = new Set(listed.map(({ key }) => key));
  const leaves = new Map(
    isOpen ? [...itemsOf(tree)].flatMap((leaf) => (wanted.has(leaf.key) ? [[leaf.key, leaf] as const] : [])) : [],
  );
  const name = (key: number) => {
    if (key === COURSE) return text.theCourse;
    const leaf = leaves.get(key);
    return leaf === undefined ? text.theCourse : titleIn(leaf.fields.title, language) || text.untitled;
  };
  return (
    <details
      className="studio-problems"
      onToggle={(event) => setIsOpen(event.currentTarget.open)}
      data-errors={errors.length}
      data-warnings={findings.length - errors.length}
    >
      <summary>
        <span role="status">{text.findingsCount(errors.length, findings.length - errors.length)}</span>
      </summary>
      <ul>
        {listed.map((finding) => (
          <li key={`${finding.key} ${finding.field} ${finding.rule} ${finding.message}`}>
            <button type="button" className="link" onClick={() => show(finding.key)}>
              {name(finding.key)}
              {finding.field === "" ? "" : ` · ${text.fieldName(finding.field)}`}
            </button>{" "}
            <FindingText finding={finding} />
          </li>
        ))}
      </ul>
      {all.length > listed.length ? <p>{text.andMore(all.length - listed.length)}</p> : null}
    </details>
  );
}
