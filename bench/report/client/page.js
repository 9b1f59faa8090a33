// Starts the page: draws every chart, again when the colours change, and opens the evidence for paper.

import { takeChart } from './chart.js';
import { onThemeChange } from './theme.js';

function openForPrint() {
  const opened = [];
  addEventListener('beforeprint', () => {
    for (const details of document.querySelectorAll('details[data-print]:not([open])')) {
      details.open = true;
      opened.push(details);
    }
  });
  addEventListener('afterprint', () => {
    for (const details of opened.splice(0)) details.open = false;
  });
}

export function startPage() {
  const page = JSON.parse(document.getElementById('report-data').textContent);
  const drawn = page.charts.map((chart) =>
    takeChart(document.getElementById(`chart-${chart.id}`), chart, page),
  );
  const drawAll = () => {
    for (const { draw } of drawn) draw();
  };
  drawAll();
  onThemeChange(drawAll);
  openForPrint();
}

startPage();
