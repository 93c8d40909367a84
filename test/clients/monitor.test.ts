import { describeCases } from './cases.ts';

describeCases('watched processes', 'monitor.py');
