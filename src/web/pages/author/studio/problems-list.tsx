import { useLanguage } from "../../../i18n/index.ts";
import { useStudioText } from "../../../i18n/studio.ts";
import { FindingText } from "./field-findings.tsx";
import { COURSE, type ItemFinding } from "./place-findings.ts";
import { titleIn } from "./text.ts";
import { leafOf, type Tree } from "./tree.ts";

/** Most findings that are listed at once. */
const MAX_LISTED = 100;

/** Everything that is to say of the course, with the way to the item it is about. */
export function ProblemsList(props: { tree: Tree; findings: readonly ItemFinding[]; show: (key: number) => void }) {
  const { tree, findings, show } = props;
  const text = useStudioText();
  const language = useLanguage();
  const errors = findings.filter(({ isError }) => isError);
  const listed = [...errors, ...findings.filter(({ isError }) => !isError)].slice(0, MAX_LISTED);
  const name = (key: number) => {
    if (key === COURSE) return text.theCourse;
    const leaf = leafOf(tree, key);
    return leaf === null ? text.theCourse : titleIn(leaf.fields.title, language) || text.untitled;
  };
  return (
    <details className="studio-problems" data-errors={errors.length} data-warnings={findings.length - errors.length}>
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
      {findings.length > listed.length ? <p>{text.andMore(findings.length - listed.length)}</p> : null}
    </details>
  );
}
