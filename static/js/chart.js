// Draws each [data-chart] from the JSON inside it; the table beside it holds the same numbers.
const css = getComputedStyle(document.documentElement);
const token = (name) => css.getPropertyValue(`--${name}`).trim();
const shapes = {
  blue: { borderDash: [], pointStyle: "circle", pointRadius: 2.2 },
  green: { borderDash: [6, 3], pointStyle: "rect", pointRadius: 3 },
};

const weekends = {
  id: "weekends",
  beforeDatasetsDraw({ ctx, chartArea: area, scales: { x } }, _args, { days }) {
    const half = (x.getPixelForValue(1) - x.getPixelForValue(0)) / 2;
    ctx.fillStyle = token("hover");
    days.forEach((is, day) => {
      if (is) ctx.fillRect(Math.max(area.left, x.getPixelForValue(day) - half), area.top, half * 2, area.height);
    });
  },
};

// Names stand at the ends of their lines, so that there is no legend to decode.
const names = {
  id: "names",
  afterDatasetsDraw(chart) {
    const { ctx, data } = chart;
    const ends = data.datasets.map((set, n) => ({ set, y: chart.getDatasetMeta(n).data.at(-1).y }));
    ends.sort((a, b) => a.y - b.y);
    ends.forEach((end, n) => n && (end.y = Math.max(end.y, ends[n - 1].y + 14)));
    ctx.font = `600 12px ${getComputedStyle(document.body).fontFamily}`;
    ctx.textBaseline = "middle";
    for (const { set, y } of ends) {
      ctx.fillStyle = set.nameColor;
      ctx.fillText(set.label, chart.chartArea.right + 8, y);
    }
  },
};

function draw(place) {
  const { labels, weekends: days, series } = JSON.parse(place.querySelector("script").textContent);
  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const axis = { ticks: { color: token("text-faint"), font: { size: 12 }, maxRotation: 0 }, border: { display: false } };
  place.hidden = false;
  place.parentElement.querySelector("[data-beside-chart]")?.removeAttribute("open");
  return new Chart(place.querySelector("canvas"), {
    type: "line",
    plugins: [weekends, names],
    data: {
      labels,
      datasets: series.map(({ name, hue, values }) => ({
        label: name, data: values, borderWidth: 2, nameColor: token(hue === "green" ? "resolved" : `chart-${hue}`), ...shapes[hue],
        borderColor: token(`chart-${hue}`), backgroundColor: token(`chart-${hue}`),
      })),
    },
    options: {
      animation: still ? false : { duration: 120 },
      maintainAspectRatio: false,
      layout: { padding: { right: 68 } },
      interaction: { mode: "index", intersect: false },
      plugins: { legend: { display: false }, weekends: { days } },
      scales: {
        x: { ...axis, grid: { display: false }, ticks: { ...axis.ticks, maxTicksLimit: 8, autoSkipPadding: 16 } },
        y: { ...axis, beginAtZero: true, grid: { color: token("line-soft") }, ticks: { ...axis.ticks, precision: 0, maxTicksLimit: 5 } },
      },
    },
  });
}

addEventListener("load", () => document.querySelectorAll("[data-chart]").forEach(draw));
