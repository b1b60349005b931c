/* Candles with marks, and equity. Data comes as JSON from the same server; colours come from tokens.css. */
"use strict";

const charts = [];

function token(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

function withAlpha(hex, alpha) {
  const part = (from) => parseInt(hex.slice(from, from + 2), 16);
  return `rgba(${part(1)}, ${part(3)}, ${part(5)}, ${alpha})`;
}

function frameOptions() {
  return {
    autoSize: true,
    layout: {
      background: { type: "solid", color: "transparent" },
      textColor: token("ink-quiet"),
      fontFamily: getComputedStyle(document.body).fontFamily,
      // Its logo would need a style element, which our Content-Security-Policy forbids; the notice is in the footer.
      attributionLogo: false,
    },
    grid: {
      vertLines: { color: token("line") },
      horzLines: { color: token("line") },
    },
    rightPriceScale: { borderColor: token("line"), entireTextOnly: true },
    timeScale: { borderColor: token("line"), timeVisible: true, secondsVisible: false },
    crosshair: { mode: 0 },
  };
}

function priceFormatter(decimals) {
  const format = new Intl.NumberFormat("en-US", {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  });
  return (price) => format.format(price).replace("-", "−");
}

/* --- candles */
function candleOptions() {
  const ink = token("ink-quiet");
  return {
    upColor: token("surface"),
    downColor: ink,
    borderUpColor: ink,
    borderDownColor: ink,
    wickUpColor: ink,
    wickDownColor: ink,
    priceLineVisible: false,
  };
}

function markFor(mark, words) {
  const isEntry = mark.side === "BUY";
  let color = token("accent");
  if (mark.pnl) {
    color = mark.pnl.startsWith("+") ? token("gain") : token("loss");
  }
  const name = words[{ entry: "entry", exit: "exit", stop: "stop", take_profit: "takeProfit" }[mark.kind]];
  return {
    time: mark.time,
    position: isEntry ? "belowBar" : "aboveBar",
    shape: mark.kind === "stop" ? "square" : isEntry ? "arrowUp" : "arrowDown",
    color,
    text: mark.pnl ? `${name} ${mark.pnl}` : name,
  };
}

function candleChart(box) {
  const chart = LightweightCharts.createChart(box, frameOptions());
  const series = chart.addSeries(LightweightCharts.CandlestickSeries, candleOptions());
  const marks = LightweightCharts.createSeriesMarkers(series, []);
  let lines = [];
  let last = null;

  function showLevel(price, title, color) {
    if (price !== null) {
      lines.push(series.createPriceLine({ price, title, color, lineStyle: 2, lineWidth: 1 }));
    }
  }

  return {
    chart,
    isEmpty: (data) => data.candles.length === 0,
    show(data) {
      last = data;
      if (data.tick_size) {
        const precision = Math.max(0, Math.ceil(-Math.log10(data.tick_size)));
        series.applyOptions({ priceFormat: { type: "price", precision, minMove: data.tick_size } });
        chart.applyOptions({ localization: { priceFormatter: priceFormatter(precision) } });
      }
      series.setData(data.candles);
      marks.setMarkers(data.marks.map((mark) => markFor(mark, box.dataset)));
      lines.forEach((line) => series.removePriceLine(line));
      lines = [];
      showLevel(data.stop_loss, box.dataset.stop, token("attention"));
      showLevel(data.take_profit, box.dataset.takeProfit, token("accent"));
    },
    repaint() {
      series.applyOptions(candleOptions());
      if (last) this.show(last);
    },
    firstView(data) {
      const count = data.candles.length;
      const shown = Math.max(40, Math.floor(box.clientWidth / 8));
      chart.timeScale().setVisibleLogicalRange({ from: Math.max(-2, count - shown), to: count + 3 });
    },
  };
}

/* --- equity */
function equityOptions(capital) {
  return {
    baseValue: { type: "price", price: capital },
    topLineColor: token("gain"),
    topFillColor1: withAlpha(token("gain"), 0.16),
    topFillColor2: withAlpha(token("gain"), 0.02),
    bottomLineColor: token("loss"),
    bottomFillColor1: withAlpha(token("loss"), 0.02),
    bottomFillColor2: withAlpha(token("loss"), 0.16),
    lineWidth: 2,
    priceLineVisible: false,
  };
}

function equityChart(box) {
  const chart = LightweightCharts.createChart(box, frameOptions());
  const series = chart.addSeries(LightweightCharts.BaselineSeries, equityOptions(0));
  let line = null;
  let capital = 0;

  return {
    chart,
    isEmpty: (data) => data.points.length === 0,
    show(data) {
      capital = data.capital;
      chart.applyOptions({ localization: { priceFormatter: priceFormatter(data.decimals) } });
      this.repaint();
      series.setData(data.points);
    },
    repaint() {
      series.applyOptions(equityOptions(capital));
      if (line) series.removePriceLine(line);
      line = series.createPriceLine({
        price: capital,
        title: box.dataset.capital,
        color: token("ink-quiet"),
        lineStyle: 2,
        lineWidth: 1,
        axisLabelVisible: false,
      });
    },
    firstView: () => chart.timeScale().fitContent(),
  };
}

const MAKERS = { candles: candleChart, equity: equityChart };

/* --- load, refresh, repaint */
async function load(entry) {
  const { box, note } = entry;
  try {
    const answer = await fetch(box.dataset.url, { headers: { Accept: "application/json" } });
    if (!answer.ok || answer.redirected) throw new Error(`status ${answer.status}`);
    const data = await answer.json();
    const isFirst = !entry.drawn;
    if (isFirst) {
      const probe = MAKERS[box.dataset.chart];
      box.hidden = false;
      entry.drawn = probe(box);
    }
    const isEmpty = entry.drawn.isEmpty(data);
    entry.drawn.show(data);
    if (!isEmpty && !entry.hasView) {
      entry.drawn.firstView(data);
      entry.hasView = true;
    }
    box.hidden = isEmpty;
    note.textContent = isEmpty ? note.dataset.empty : "";
    note.hidden = !isEmpty;
  } catch (error) {
    if (!entry.drawn) {
      note.hidden = false;
      note.textContent = note.dataset.broken;
    }
    console.warn("chart not loaded", error);
  }
}

function revision() {
  return document.getElementById("live")?.dataset.revision;
}

document.addEventListener("DOMContentLoaded", () => {
  let shown = revision();
  for (const box of document.querySelectorAll("[data-chart]")) {
    const note = box.parentElement.querySelector(".chart-note");
    note.textContent = note.dataset.loading;
    const entry = { box, note, drawn: null, hasView: false };
    charts.push(entry);
    load(entry);
  }
  document.body.addEventListener("htmx:afterSettle", () => {
    if (revision() !== shown) {
      shown = revision();
      charts.forEach(load);
    }
  });
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    for (const { drawn } of charts) {
      if (drawn) {
        drawn.chart.applyOptions(frameOptions());
        drawn.repaint();
      }
    }
  });
});
