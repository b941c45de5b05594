import { createTheme, MantineProvider } from '@mantine/core';
import '@mantine/core/styles.layer.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { BoardLink, boardUrl } from './board-link.ts';
import './style/tokens.css';
import './style/page.css';
import './style/stage.css';
import './style/cards.css';
import './style/card-density.css';
import './style/panels.css';
import './style/drawer.css';
import { App } from './view/app.tsx';

const theme = createTheme({
  fontFamily: 'system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif',
  primaryColor: 'blue',
  respectReducedMotion: true,
});

const place = document.getElementById('root');
if (place === null) throw new Error('index.html has no element "root"');
const link = new BoardLink(boardUrl(window.location));
createRoot(place).render(
  <StrictMode>
    <MantineProvider theme={theme} defaultColorScheme="auto">
      <App link={link} />
    </MantineProvider>
  </StrictMode>,
);
