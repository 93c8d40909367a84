import { describeCases } from './cases.ts';

describeCases('records', 'records.py');
