import { useQuery } from "@tanstack/react-query";
import { request } from "../../api/request.ts";
import type { InsightStatus, ModelPage } from "../../api/types.ts";
import { formatInstant, useLanguage, useMessages } from "../../i18n/index.ts";
import { Section, Table } from "./section.tsx";

type Model = ModelPage["results"][number];

/** Characters of a hash that are enough to recognise it. */
const SHORT = 12;
const SIDE = 220;
const COLOURS = ["#0072b2", "#d55e00", "#009e73"];

/** The registry of early warning, its champion's calibration, and how its predictions did. */
export function Models() {
  const messages = useMessages();
  const language = useLanguage();
  const insight = useQuery({
    queryKey: ["operator", "insight"],
    queryFn: async () => {
      const [models, status] = await Promise.all([
        request<ModelPage>("/insight/models", { query: { limit: 20 } }),
        request<InsightStatus>("/insight/status"),
      ]);
      return { models: models.results, status };
    },
  });
  return (
    <Section title={messages.modelsTitle} lead={messages.modelsLead} query={insight}>
      {({ models, status }) => {
        const champion = models.find(({ alias }) => alias === "champion");
        const run = status.runs[0];
        const drift = run?.drift.toSorted((a, b) => Math.abs(b.shift) - Math.abs(a.shift))[0];
        const figures: [string, string | number][] = [
          [messages.figureJudged, status.ml_eval_total],
          [messages.figureRight, percent(status.ml_correct_total, status.ml_eval_total)],
          [messages.figureAlarm, status.alarm === null ? "–" : `${status.alarm.priority} ${status.alarm.code}`],
          [messages.runStep, run === undefined ? "–" : `${run.cause}: ${run.state}`],
          [messages.driftMost, drift === undefined ? "–" : `${drift.feature} ${drift.shift.toFixed(2)} σ`],
        ];
        return (
          <>
            <dl className="figures">
              {figures.map(([name, value]) => (
                <div key={name}>
                  <dt>{name}</dt>
                  <dd>{value}</dd>
                </div>
              ))}
            </dl>
            {models.length === 0 ? <p>{messages.modelsNone}</p> : <Registry models={models} />}
            {champion === undefined ? null : (
              <div className="actions">
                <Calibration model={champion} label={messages.calibration} />
                <LineagePicture model={champion} />
              </div>
            )}
            {status.weeks.length === 0 ? null : (
              <Table
                label={messages.figureJudged}
                head={[messages.weekOf, messages.weekKind, messages.figureJudged, messages.figureRight]}
              >
                {status.weeks.map(({ kind, week_start, total, correct }) => (
                  <tr key={`${kind} ${week_start}`}>
                    <td>{formatInstant(week_start, language)}</td>
                    <td>{kind === "live" ? messages.liveKind : messages.insightBacktest}</td>
                    <td className="number">{total}</td>
                    <td className="number">{percent(correct, total)}</td>
                  </tr>
                ))}
              </Table>
            )}
          </>
        );
      }}
    </Section>
  );
}

function Registry({ models }: { models: readonly Model[] }) {
  const messages = useMessages();
  const head = [
    messages.model,
    messages.modelRole,
    messages.modelTested,
    messages.modelAuc,
    messages.modelAccuracy,
    messages.modelData,
    messages.modelDecision,
  ];
  return (
    <Table label={messages.modelsTitle} head={head}>
      {models.map(({ hash, alias, decision, data_hash, metrics }) => (
        <tr key={hash}>
          <td>
            <code>{hash.slice(0, SHORT)}</code>
          </td>
          <td>{alias === null ? "–" : messages[alias]}</td>
          <td>
            {metrics.train.join(", ")} → {metrics.test.join(", ")}
          </td>
          <td className="number">
            {metrics.cut_offs
              .map(({ model, plain }) => `${model.auc.value.toFixed(3)} (${plain.auc.value.toFixed(3)})`)
              .join(" · ")}
          </td>
          <td className="number">
            {metrics.cut_offs
              .map(({ model }) => `${model.accuracy.value.toFixed(3)} (${model.majority.toFixed(3)})`)
              .join(" · ")}
          </td>
          <td>
            <code>{data_hash.slice(0, SHORT)}</code>
          </td>
          <td>{decision}</td>
        </tr>
      ))}
    </Table>
  );
}

/** Predicted probability to the right, what came upwards, with intervals; a line for each cut-off. */
function Calibration({ model, label }: { model: Model; label: string }) {
  const x = (value: number) => 20 + value * (SIDE - 40);
  const y = (value: number) => SIDE - 20 - value * (SIDE - 40);
  return (
    <svg viewBox={`0 0 ${SIDE} ${SIDE}`} width={SIDE} height={SIDE} role="img" aria-label={label}>
      <title>{label}</title>
      <line x1={x(0)} y1={y(0)} x2={x(1)} y2={y(1)} stroke="currentColor" strokeDasharray="4 4" opacity="0.5" />
      {model.metrics.cut_offs.map(({ share, model: judged }, at) => (
        <g key={share} stroke={COLOURS[at % COLOURS.length]} fill="none" strokeWidth="2">
          <polyline
            points={judged.calibration.map((bin) => `${x(bin.predicted)},${y(bin.observed.value)}`).join(" ")}
          />
          {judged.calibration.map(({ predicted, observed }) => (
            <line key={predicted} x1={x(predicted)} x2={x(predicted)} y1={y(observed.low)} y2={y(observed.high)} />
          ))}
          <text x={30} y={32 + at * 14} fontSize="11" stroke="none" fill={COLOURS[at % COLOURS.length]}>
            {Math.round(share * 100)} %
          </text>
        </g>
      ))}
    </svg>
  );
}

/** Facts, snapshot, model, predictions: the way a prediction came, with the hashes of its stations. */
function LineagePicture({ model }: { model: Model }) {
  const messages = useMessages();
  const hashes = ["", model.data_hash.slice(0, SHORT), model.hash.slice(0, SHORT), ""];
  const width = 130;
  return (
    <svg viewBox="0 0 560 80" width={560} height={80} role="img" aria-label={messages.lineageDrawn}>
      <title>{messages.lineageDrawn}</title>
      {messages.lineageSteps.map((step, at) => (
        <g key={step} transform={`translate(${at * (width + 10)} 10)`}>
          <rect width={width - 10} height={56} rx="6" fill="none" stroke="currentColor" />
          <text x={10} y={24} fontSize="13" fill="currentColor">
            {step}
          </text>
          <text x={10} y={44} fontSize="11" fontFamily="monospace" fill="currentColor">
            {hashes[at]}
          </text>
          {at === 0 ? null : <path d={`M -18 28 h 14 m -5 -4 l 5 4 l -5 4`} stroke="currentColor" fill="none" />}
        </g>
      ))}
    </svg>
  );
}

function percent(part: number, whole: number): string {
  return whole === 0 ? "–" : `${((100 * part) / whole).toFixed(1)} %`;
}
